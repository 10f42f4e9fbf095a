//go:build linux || darwin || freebsd

package vectors

import (
	"fmt"
	"os"
	"syscall"
)

// A mapping is a part of a file in memory. The system reads its pages when they are
// used, and drops them when it needs the memory.
type mapping struct {
	data  []byte
	pages []byte // data, and the bytes before it on its first page
}

// mapFile maps the bytes from..to of f. f must be that long.
func mapFile(f *os.File, from, to int64) (*mapping, error) {
	first := from - from%int64(os.Getpagesize())
	if n := to - first; n != int64(int(n)) {
		return nil, fmt.Errorf("%s: %d bytes are more than this machine can address", f.Name(), n)
	}
	pages, err := syscall.Mmap(int(f.Fd()), first, int(to-first), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	return &mapping{pages[from-first:], pages}, nil
}

func (m *mapping) close() error { return syscall.Munmap(m.pages) }
