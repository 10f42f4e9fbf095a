//go:build !libtorch

package train

import (
	"context"
	"os"

	"parley/trainer/torch"
)

// Run trains. This program was built without libtorch: it says how to get it.
func Run(ctx context.Context, c Config, resume bool, stderr *os.File) error { return torch.ErrAbsent }
