package gateway

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/telemetry"
)

// Main runs the gateway as a process of its own until it is told to stop.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := alone(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "ostiary-gateway:", err)
		os.Exit(1)
	}
}

func alone(ctx context.Context) error {
	c, err := load()
	if err != nil {
		return err
	}
	listeners := map[string]net.Listener{}
	for name, address := range map[string]string{"http": c.HTTP, "grpc": c.Listen, "health": c.Health} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("listen for %s: %w", name, err)
		}
		listeners[name] = l
	}
	services, conns := map[string]grpc.ClientConnInterface{}, map[string]*grpc.ClientConn{}
	for name, address := range c.Peers {
		conn, err := grpc.NewClient(address, append(grpckit.ClientInterceptors(nil), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", name, err)
		}
		defer func() { _ = conn.Close() }()
		conn.Connect()
		services[name], conns[name] = conn, conn
	}
	server := grpckit.Route(func(service string) grpc.ClientConnInterface { return services[service] }, grpckit.PublicServices(), c.Secure)
	log := telemetry.NewLogger(os.Stderr, c.LogLevel)
	web, err := New(ctx, grpckit.ServerConn(server)(), Options{Log: log, Secure: c.Secure})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return server.Serve(listeners["grpc"]) })
	g.Go(func() error { <-ctx.Done(); server.Stop(); return nil })
	g.Go(func() error { return Serve(ctx, listeners["http"], web, log) })
	g.Go(func() error {
		return servicekit.Health{Causes: func() []string { return unreachable(conns) }}.Serve(ctx, listeners["health"])
	})
	return g.Wait()
}

// unreachable lists the services to which there is no way.
func unreachable(conns map[string]*grpc.ClientConn) (causes []string) {
	for _, name := range slices.Sorted(maps.Keys(conns)) {
		if conns[name].GetState() == connectivity.TransientFailure {
			causes = append(causes, name+": SERVICE_UNREACHABLE")
		}
	}
	return causes
}
