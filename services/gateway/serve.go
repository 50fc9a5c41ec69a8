package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	readHeaderWithin = 10 * time.Second
	readWithin       = 60 * time.Second
	// answerWithin leaves room for the longest wait that a question may ask for.
	answerWithin = 100 * time.Second
	idle         = 2 * time.Minute
	// stopWithin is how long requests may go on when the process stops.
	stopWithin = 3 * time.Second
)

// Serve answers on a listener until ctx ends.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderWithin, ReadTimeout: readWithin, WriteTimeout: answerWithin, IdleTimeout: idle,
		MaxHeaderBytes: 64 << 10, BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve HTTP: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		if server.Shutdown(stop) != nil {
			_ = server.Close() // whoever still waits is cut off
		}
		return nil
	})
	return g.Wait()
}
