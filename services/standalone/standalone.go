// Package standalone runs every service in one process, with an embedded NATS
// server and PostgreSQL from the binaries of this machine. It is what `make up`
// starts. The services cannot tell it from a process each.
package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/telemetry"

	"github.com/ostiary/ostiary/services/gateway"

	"github.com/ostiary/ostiary/services/standalone/internal/instance"
	"github.com/ostiary/ostiary/services/standalone/internal/postgres"
)

const (
	// stopWithin bounds a clean stop of the database servers.
	stopWithin = 20 * time.Second
	// welcomeWithin bounds how long the welcome waits for the services.
	welcomeWithin = 5 * time.Second
	lookAgain     = 20 * time.Millisecond
)

// Run starts everything, tells the reader where to go, and serves until ctx
// ends.
func Run(ctx context.Context, out io.Writer) error {
	c, zone, err := Load()
	if err != nil {
		return err
	}
	ticks, err := clock.Parse(c.Clock)
	if err != nil {
		return err
	}
	home, err := filepath.Abs(c.Home)
	if err != nil {
		return fmt.Errorf("find OSTIARY_HOME: %w", err)
	}
	lock, err := instance.Acquire(home)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }()
	logFile, err := openLog(home)
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }()
	log := telemetry.NewLogger(logFile, c.LogLevel)

	ports, err := takePorts(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = ports.close() }()
	servers, err := startDatabases(ctx, c, home)
	if err != nil {
		return err
	}
	defer servers.stop(log)
	a, err := Assemble(ctx, Parts{Config: c, Home: home, Databases: servers.admin, Clock: ticks, Zone: zone, Log: log})
	if err != nil {
		return err
	}
	defer a.Close()
	return serve(ctx, c, home, ticks, ports, a.Host, lock, servers, out, log)
}

// serve listens, says so, and runs until ctx ends or something fails.
func serve(ctx context.Context, c Config, home string, ticks clock.Clock, ports *ports, h *servicekit.Host, lock *instance.Lock, servers *servers, out io.Writer, log *slog.Logger) error {
	meters, metrics, err := telemetry.NewMetrics()
	if err != nil {
		return err
	}
	if err := h.Observe(meters.Meter("ostiary")); err != nil {
		return err
	}
	server := grpckit.Route(h.Conn, grpckit.PublicServices(), false)
	web, err := gateway.New(ctx, grpckit.ServerConn(server)(), gateway.Options{Log: log})
	if err != nil {
		return err
	}
	if err := lock.Announce(map[string]string{"grpc": ports.api.Addr().String(), "http": ports.web.Addr().String(), "health": ports.health.Addr().String()}); err != nil {
		return err
	}
	told := ctx
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.Run(ctx) })
	g.Go(func() error { return server.Serve(ports.api) })
	g.Go(func() error { <-ctx.Done(); server.Stop(); return nil })
	g.Go(func() error { return gateway.Serve(ctx, ports.web, web, log) })
	g.Go(func() error { return servicekit.Health{Causes: h.Brief, Metrics: metrics}.Serve(ctx, ports.health) })
	g.Go(func() error { return servers.watch(ctx) })
	awaitReady(ctx, h)
	welcome(out, c, home, ports.api.Addr().String(), ports.web.Addr().String(), ports.health.Addr().String(), servers, h.Causes())
	if simulated, ok := ticks.(*clock.Manual); ok {
		fmt.Fprintf(out, "  模拟时钟停在 the simulated clock stands at %s；推进 move it: bin/ostiary clock advance 1d%s\n\n", simulated.Now().Format(time.RFC3339), address(c))
	}
	// Said at once: what is under way may take some seconds to end.
	unsaid := context.AfterFunc(told, func() { fmt.Fprintf(out, "\n  正在停止，数据保留 stopping; the data is kept: %s\n", home) })
	defer unsaid()
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// awaitReady returns when the services are ready or it is time to say where to
// go all the same: the first password exists only once identity has run.
func awaitReady(ctx context.Context, h *servicekit.Host) {
	ctx, cancel := context.WithTimeout(ctx, welcomeWithin)
	defer cancel()
	for len(h.Causes()) > 0 {
		if (clock.System{}).Until(ctx, clock.System{}.Now().Add(lookAgain)) != nil {
			return
		}
	}
}

// openLog opens the log for operators; the terminal shows only where to go.
func openLog(home string) (*os.File, error) {
	dir := filepath.Join(home, "log")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the log folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "ostiary.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return file, nil
}

// servers are the database servers that this process runs.
type servers struct {
	admin  string
	events *postgres.Server // nil with DATABASE_URL
	target *postgres.Server // nil without a demo target
}

// startDatabases starts the cluster of the event stores and, beside it, the
// demo target: a target never lies in the cluster of the event stores.
func startDatabases(ctx context.Context, c Config, home string) (*servers, error) {
	s := &servers{admin: c.DatabaseURL}
	g, gctx := errgroup.WithContext(ctx)
	if c.DatabaseURL == "" {
		g.Go(func() (err error) {
			s.events, err = postgres.Start(gctx, postgres.Config{Dir: filepath.Join(home, "pg"), Bin: c.PostgresBin})
			return err
		})
	}
	if c.DemoTarget && os.Getenv("ORDERS_DSN") == "" {
		g.Go(func() (err error) {
			s.target, err = postgres.Start(gctx, postgres.Config{Dir: filepath.Join(home, "target"), Bin: c.PostgresBin})
			return err
		})
	}
	err := g.Wait()
	if err == nil && s.events != nil {
		s.admin = s.events.URL
	}
	if err == nil && s.target != nil {
		var dsn string
		if dsn, err = prepareTarget(ctx, s.target, home); err == nil {
			err = os.Setenv("ORDERS_DSN", dsn)
		}
	}
	if err != nil {
		s.stop(slog.Default())
		return nil, err
	}
	return s, nil
}

// watch fails when the server of the event stores ends by itself. The demo
// target may come and go: that is what provisioning is for.
func (s *servers) watch(ctx context.Context) error {
	if s.events == nil {
		return nil
	}
	select {
	case <-s.events.Done():
		if ctx.Err() != nil {
			return nil
		}
		return errors.New("the database server has ended; start again, nothing is lost")
	case <-ctx.Done():
		return nil
	}
}

func (s *servers) stop(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	for _, server := range []*postgres.Server{s.target, s.events} {
		if server == nil {
			continue
		}
		if err := server.Stop(ctx); err != nil {
			log.Error("a database server did not stop", "error", err.Error())
		}
	}
}
