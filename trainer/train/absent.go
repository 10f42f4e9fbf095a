//go:build !libtorch

package train

import (
	"context"
	"io"

	"parley/trainer/torch"
)

// Run returns an error that says how to get libtorch, because this program was
// built without it.
func Run(ctx context.Context, c Config, resume bool, stderr io.Writer) error { return torch.ErrAbsent }

// RunReader returns the same error as Run.
func RunReader(ctx context.Context, c ReaderConfig, resume bool, stderr io.Writer) error {
	return torch.ErrAbsent
}
