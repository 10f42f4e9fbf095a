//go:build !linux

package main

import "time"

var began = time.Now()

// processor returns the seconds since the start, where a thread's own are not known.
func processor() float64 { return time.Since(began).Seconds() }
