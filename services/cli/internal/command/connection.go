package command

import (
	"cmp"
	"context"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/cli/internal/output"
	"github.com/ostiary/ostiary/services/cli/internal/session"
)

const defaultAddress = "127.0.0.1:9090"

// dial connects without signing in.
func (a *app) dial() (*grpc.ClientConn, error) {
	if a.conn != nil {
		return a.conn, nil
	}
	a.address = cmp.Or(a.address, a.io.Env("OSTIARY_ADDR"), defaultAddress)
	secure := credentials.NewTLS(nil)
	if loopback(a.address) {
		secure = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient(a.address, append(grpckit.ClientInterceptors(nil), grpc.WithTransportCredentials(secure))...)
	if err != nil {
		return nil, output.ErrUsage.With("address", a.address+": "+err.Error())
	}
	a.conn = conn
	return conn, nil
}

// signedIn connects and returns a context that carries the session.
func (a *app) signedIn(ctx context.Context) (context.Context, *grpc.ClientConn, error) {
	if a.tokens == nil {
		f, err := session.Load(a.io.Env)
		if err != nil {
			return nil, nil, err
		}
		// A session is shown to nobody but the installation that it is of.
		wanted := cmp.Or(a.address, a.io.Env("OSTIARY_ADDR"))
		if wanted != "" && f.Address != "" && wanted != f.Address {
			return nil, nil, session.ErrNone.With("address", wanted)
		}
		a.address = cmp.Or(wanted, f.Address)
		a.tokens = &session.Tokens{Secret: f.Session}
	}
	conn, err := a.dial()
	if err != nil {
		return nil, nil, err
	}
	ctx, err = a.tokens.Attach(ctx, conn, clock.System{}.Now())
	if err != nil {
		return nil, nil, err
	}
	if zone, err := a.tokens.Zone(); err == nil {
		a.zone, a.printer.Zone = zone, zone
	}
	if a.commandID != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "command-id", a.commandID)
	}
	return ctx, conn, nil
}

// addressed names the address at which nobody answers.
func (a *app) addressed(err error) error {
	if _, refused := fault.Of(err); refused || status.Code(err) != codes.Unavailable {
		return err
	}
	_, cause, found := strings.Cut(status.Convert(err).Message(), "desc = ")
	if !found {
		cause = status.Convert(err).Message()
	}
	return output.ErrUnreachable.With("address", a.address).With("cause", strings.Trim(cause, `"`))
}

// loopback tells whether an address stays on this machine; only there does the
// command line speak without TLS.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
