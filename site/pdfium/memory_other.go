//go:build !linux

package pdfium

import "context"

// withMemory leaves PDFium's memories to wazero.
func withMemory(ctx context.Context) context.Context { return ctx }
