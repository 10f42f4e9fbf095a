package pdfium

import (
	"bytes"
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
)

// A memory that grows is not copied: a PDF takes no more than it may have.
func TestMemoryGrowsInItsPlace(t *testing.T) {
	ctx := withMemory(context.Background())
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(maxMemory))
	defer r.Close(ctx)
	// A module of nothing but a memory of a page, which is exported as "m".
	m, err := r.Instantiate(ctx, []byte("\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x01\x07\x05\x01\x01m\x02\x00"))
	if err != nil {
		t.Fatal(err)
	}
	memory := m.ExportedMemory("m")
	first, _ := memory.Read(0, 16)
	copy(first, "Lifts.")
	for memory.Size() < maxMemory<<16 {
		if _, ok := memory.Grow(1 << 10); !ok && memory.Size()+1<<26 < maxMemory<<16 {
			t.Fatalf("does not grow beyond %d bytes", memory.Size())
		} else if !ok {
			break
		}
	}
	copy(first[6:], "Turns.")
	if now, _ := memory.Read(0, 12); !bytes.Equal(now, []byte("Lifts.Turns.")) {
		t.Errorf("the memory moved: %q", now)
	}
	if _, ok := memory.Grow(maxMemory); ok {
		t.Error("it grows beyond its bound")
	}
}
