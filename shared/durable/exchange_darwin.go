package durable

import "golang.org/x/sys/unix"

// exchange gives each of two paths what the other had, in one step.
func exchange(a, b string) error { return unix.RenamexNp(a, b, unix.RENAME_SWAP) }
