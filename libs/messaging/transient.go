package messaging

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// transient tells whether an error says something about the moment and nothing
// about the event: repeating it will do in the end. All others park.
func transient(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if f, ok := fault.Of(err); ok {
		return f.Kind == fault.Unavailable || errors.Is(f, eventstore.ErrConflict)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return transientState(pg.Code)
	}
	if s, ok := status.FromError(err); ok && err != nil {
		switch s.Code() {
		case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
			return true
		}
	}
	return lostConnection(err)
}

// transientState tells it for an SQLSTATE.
func transientState(code string) bool {
	switch {
	case strings.HasPrefix(code, "08"), // connection exception
		strings.HasPrefix(code, "53"),  // out of connections, memory, disk
		strings.HasPrefix(code, "57P"): // the server is stopping or starting
		return true
	}
	switch code {
	case "40001", "40P01", "55P03", "57014": // serialization, deadlock, lock, cancelled
		return true
	}
	return false
}

func lostConnection(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, puddle.ErrClosedPool)
}
