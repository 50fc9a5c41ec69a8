package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/clock"
)

// limits bound what one connection may cost.
type limits struct {
	header, body, answer, idle, stop time.Duration
}

var usual = limits{
	header: 10 * time.Second, body: 30 * time.Second,
	// The body, the call, and the longest wait that a question may ask for.
	answer: 30*time.Second + callWithin + longestWait,
	idle:   2 * time.Minute,
	// stop is how long requests may go on when the process stops.
	stop: 3 * time.Second,
}

// Serve answers on a listener until ctx ends.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	return serve(ctx, l, h, log, usual)
}

func serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger, to limits) error {
	server := &http.Server{
		Handler: paced(h, to.body), ReadHeaderTimeout: to.header, WriteTimeout: to.answer, IdleTimeout: to.idle,
		MaxHeaderBytes: 64 << 10, BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
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
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), to.stop)
		defer cancel()
		if server.Shutdown(stop) != nil {
			_ = server.Close() // whoever still waits is cut off
		}
		return nil
	})
	return g.Wait()
}

// paced gives a body so much time to arrive. The server's own ReadTimeout goes
// on after that, and would end whoever waits for an answer.
func paced(next http.Handler, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			c := http.NewResponseController(w)
			// A connection that cannot be timed is bounded by the answer's time.
			_ = c.SetReadDeadline(clock.System{}.Now().Add(within))
			r.Body = &body{ReadCloser: r.Body, done: func() { _ = c.SetReadDeadline(time.Time{}) }}
		}
		next.ServeHTTP(w, r)
	})
}

// body tells when all of it has been read.
type body struct {
	io.ReadCloser
	done func()
}

// Read reads on. A body that stopped halfway keeps its time, which ends the
// connection.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.done()
	}
	return n, err
}
