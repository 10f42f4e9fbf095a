//go:build !linux && !darwin

package durable

import "errors"

func exchange(a, b string) error { return errors.ErrUnsupported }
