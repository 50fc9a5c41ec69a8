package grpckit

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
)

// bufferBytes is what an in-memory connection holds in each direction.
const bufferBytes = 1 << 20

// InMemory returns a listener that a server of NewServer is to serve, and a
// connection to it that passes every interceptor on both sides.
func InMemory() (net.Listener, *grpc.ClientConn, error) {
	listener := bufconn.Listen(bufferBytes)
	conn, err := dialMemory(listener)
	return listener, conn, err
}

func dialMemory(listener *bufconn.Listener) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///memory", append(ClientInterceptors(nil),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil, fmt.Errorf("connect in memory: %w", err)
	}
	return conn, nil
}

// ServerConn serves srv in memory until it is stopped and returns a function
// that connects to it.
func ServerConn(srv *grpc.Server) (dial func() *grpc.ClientConn) {
	listener := bufconn.Listen(bufferBytes)
	go func() { _ = srv.Serve(listener) }() // ends with srv.Stop
	return func() *grpc.ClientConn {
		conn, err := dialMemory(listener)
		if err != nil {
			panic(err) // the target and the options are constants
		}
		return conn
	}
}
