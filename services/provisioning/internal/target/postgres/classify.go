package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// classify turns what the driver says into what an operator can act on. Nothing
// of the connection string goes with it.
func classify(operation string, err error) error {
	var p *pgconn.PgError
	var t net.Error
	switch {
	case err == nil:
		return nil
	case isFault(err):
		return err
	case errors.As(err, &p):
		return bySQLState(operation, p)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", operation, err)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &t) && t.Timeout():
		return target.ErrTimeout.With("detail", operation)
	default:
		return target.ErrUnreachable.With("detail", operation+": "+root(err))
	}
}

func bySQLState(operation string, p *pgconn.PgError) error {
	detail := operation + ": " + p.Message + " (" + p.Code + ")"
	switch {
	case p.Code == "57014", p.Code == "55P03", p.Code == "25P03", p.Code == "57P05":
		return target.ErrTimeout.With("detail", detail)
	case strings.HasPrefix(p.Code, "57P"), strings.HasPrefix(p.Code, "08"), strings.HasPrefix(p.Code, "53"), strings.HasPrefix(p.Code, "58"):
		return target.ErrUnreachable.With("detail", detail)
	}
	return target.ErrRefused.With("detail", detail)
}

// root says what is at the bottom without what the driver puts around it:
// host, user and database.
func root(err error) string {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	case errors.As(err, &op) && op.Err != nil:
		return op.Op + ": " + innermost(op.Err)
	}
	return innermost(err)
}

func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			break
		}
		err = next
	}
	var c *pgconn.ConnectError
	var parse *pgconn.ParseConfigError
	if errors.As(err, &c) || errors.As(err, &parse) {
		return "the connection could not be made"
	}
	return err.Error()
}

func isFault(err error) bool {
	_, ok := fault.Of(err)
	return ok
}
