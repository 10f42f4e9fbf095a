package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// Listen opens addr ("localhost:8080"); where the port is taken, it opens one of the next
// 20. Port 0 means any free port.
func Listen(addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: %v; write it as localhost:8080", addr, err)
	}
	first, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("address %q: the port must be a number from 0 to 65535", addr)
	}
	for try := first; try <= min(first+20, 65535); try++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.FormatUint(try, 10)))
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) || first == 0 {
			return nil, err
		}
	}
	return nil, fmt.Errorf("ports %d to %d of %s are all taken; choose another with --addr %s:PORT", first, min(first+20, 65535), host, host)
}

// Run serves until ctx ends, then waits up to 3 s for requests under way.
func Run(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := s.Shutdown(end); err != nil {
		return s.Close()
	}
	return nil
}
