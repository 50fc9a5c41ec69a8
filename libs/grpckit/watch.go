package grpckit

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"
)

// watch carries one call out: it admits the caller, keeps a panic inside the
// call, turns an error into a status and writes the request log. Bodies are
// never logged.
func (g gate) watch(ctx context.Context, method string, handle func(ctx context.Context) error) error {
	start := time.Now()
	admitted, err := g.admit(ctx, method)
	if err == nil {
		err = guarded(admitted, handle)
	}
	st, known := toStatus(err)
	line := []slog.Attr{
		slog.String("service", g.Service), slog.String("method", method),
		slog.String("caller", callerOf(admitted)), slog.String("code", st.Code().String()),
		slog.Duration("duration", time.Since(start)),
	}
	level := slog.LevelInfo
	if c, _ := authz.From(admitted); c.Service != "" && err == nil {
		level = slog.LevelDebug // services talk all the time; what people do should be found
	}
	if f, ok := fault.Of(err); ok {
		line = append(line, slog.String("reason", f.Reason))
	}
	if !known {
		id := uuid.NewString()
		level = slog.LevelError
		line = append(line, slog.String("error_id", id), slog.Any("error", err))
		st = status.New(codes.Internal, "internal error "+id)
	}
	g.Log.LogAttrs(ctx, level, "request", line...)
	return st.Err()
}

// guarded calls the handler and turns a panic into an error with its stack.
func guarded(ctx context.Context, handle func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return handle(ctx)
}

func callerOf(ctx context.Context) string {
	c, ok := authz.From(ctx)
	if !ok {
		return "anonymous"
	}
	return c.Actor()
}
