package experiment

import "os"

// Report makes tables and figures of the results in dir.
func Report(g *Grid, dir string, stderr *os.File) error { return nil }
