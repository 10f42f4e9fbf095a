//go:build unix

package collection

import (
	"os"
	"syscall"
)

// lock takes the file for this process; it is given back when the file closes,
// also by a kill.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
