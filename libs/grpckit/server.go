package grpckit

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/ostiary/ostiary/libs/authn"
)

// Options are what the interceptors of a server need.
type Options struct {
	// Service is the name of the service, for the log.
	Service string
	// Verifier checks credentials.
	Verifier *authn.Verifier
	// Log receives one line a call.
	Log *slog.Logger
	// NotBefore returns when this server's answers show what the named service
	// has written up to the position. If nil, the metadata is not honoured.
	NotBefore func(ctx context.Context, service string, position int64) error
}

// NewServer returns a server with all interceptors. Further options, for
// example transport credentials, come after them.
func NewServer(o Options, more ...grpc.ServerOption) *grpc.Server {
	g := gate{Options: o}
	return grpc.NewServer(append(append(limits(),
		grpc.ChainUnaryInterceptor(g.unary),
		grpc.ChainStreamInterceptor(g.stream),
	), more...)...)
}

// limits bound what one connection may cost.
func limits() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.MaxSendMsgSize(MaxMessageBytes),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.MaxConcurrentStreams(1024),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
}

// gate is what every call passes.
type gate struct{ Options }

func (g gate) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultDeadline)
		defer cancel()
	}
	var response any
	err := g.watch(ctx, info.FullMethod, func(ctx context.Context) (err error) {
		response, err = next(ctx, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (g gate) stream(server any, s grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return g.watch(s.Context(), info.FullMethod, func(ctx context.Context) error {
		return next(server, &serverStream{ServerStream: s, ctx: ctx})
	})
}

// serverStream is a stream whose context knows the caller.
type serverStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context is the context after admission.
func (s *serverStream) Context() context.Context { return s.ctx }
