package pdfium

import (
	"context"
	"syscall"
	"time"

	"github.com/tetratelabs/wazero/experimental"
)

// withMemory makes PDFium's memories out of reserved addresses, of which the system gives
// memory to what is written to. wazero's own are Go's slices: one that grows is copied, so
// that a hostile PDF took two and a half times what it may have.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		reserved, err := syscall.Mmap(-1, 0, int(most), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
		if err != nil {
			return &slice{}
		}
		return &reservation{reserved}
	}))
}

// A reservation is memory at addresses that stay.
type reservation struct{ all []byte }

func (r *reservation) Reallocate(size uint64) []byte { return r.all[:size] }

// Free gives the memory back, and the addresses a while later: a program that is stopped
// may run up to its next branch, and would end this one if they were gone.
func (r *reservation) Free() {
	all := r.all
	_ = syscall.Madvise(all, syscall.MADV_DONTNEED)
	time.AfterFunc(5*time.Minute, func() { _ = syscall.Munmap(all) })
}

// A slice is memory of Go's, where the system reserves no addresses.
type slice struct{ all []byte }

func (s *slice) Reallocate(size uint64) []byte {
	if size > uint64(cap(s.all)) {
		s.all = append(make([]byte, 0, size+size/8), s.all...)
	}
	s.all = s.all[:size]
	return s.all
}

func (s *slice) Free() {}
