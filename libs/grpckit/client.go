package grpckit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// TokenSource returns the access token for a call.
type TokenSource func(ctx context.Context) (string, error)

// ClientInterceptors are the options of every connection: faults come back as
// faults, and calls are signed in with the token of the source unless they
// carry one. The source may be nil.
func ClientInterceptors(source TokenSource) []grpc.DialOption {
	c := client{source: source}
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(c.unary),
		grpc.WithChainStreamInterceptor(c.stream),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessageBytes), grpc.MaxCallSendMsgSize(MaxMessageBytes)),
		grpc.WithMaxHeaderListSize(maxHeaderBytes),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	}
}

// WithToken returns a context whose calls are signed in with the token, in the
// place of any other.
func WithToken(ctx context.Context, token string) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx)
	md = md.Copy()
	if md == nil {
		md = metadata.MD{}
	}
	md.Set(headerAuthorization, "Bearer "+token)
	return metadata.NewOutgoingContext(ctx, md)
}

type client struct{ source TokenSource }

func (c client) signIn(ctx context.Context) (context.Context, error) {
	md, _ := metadata.FromOutgoingContext(ctx)
	if c.source == nil || len(md.Get(headerAuthorization)) > 0 {
		return ctx, nil
	}
	token, err := c.source(ctx)
	if err != nil {
		return nil, fmt.Errorf("get access token: %w", err)
	}
	if token == "" {
		return ctx, nil
	}
	return WithToken(ctx, token), nil
}

func (c client) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	ctx, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	return fromStatus(invoke(ctx, method, request, reply, conn, opts...))
}

func (c client) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, err := c.signIn(ctx)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, desc, conn, method, opts...)
	if err != nil {
		return nil, fromStatus(err)
	}
	return clientStream{s}, nil
}

// clientStream gives faults back as faults.
type clientStream struct{ grpc.ClientStream }

// RecvMsg receives a message, io.EOF at the end.
func (s clientStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if errors.Is(err, io.EOF) {
		return err
	}
	return fromStatus(err)
}
