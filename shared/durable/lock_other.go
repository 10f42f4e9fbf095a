//go:build !unix || solaris || aix

package durable

import "os"

func lock(*os.File) error   { return nil }
func unlock(*os.File) error { return nil }
