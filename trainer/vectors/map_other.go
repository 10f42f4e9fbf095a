//go:build !linux && !darwin && !freebsd

package vectors

import "os"

// A mapping is a part of a file in memory; on this system, a copy.
type mapping struct{ data []byte }

// mapFile reads the bytes from..to of f. f must be that long.
func mapFile(f *os.File, from, to int64) (*mapping, error) {
	m := &mapping{make([]byte, to-from)}
	_, err := f.ReadAt(m.data, from)
	return m, err
}

func (m *mapping) close() error { return nil }
