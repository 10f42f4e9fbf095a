package main

import "golang.org/x/sys/unix"

// processor returns the seconds that this thread has had of a processor.
func processor() float64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return float64(t.Sec) + float64(t.Nsec)/1e9
}
