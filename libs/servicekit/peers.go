package servicekit

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/messaging"
)

// Tokens of services live shorter than their limit, so that a call never
// starts with one that is about to expire.
const (
	serviceTokenLife  = 4 * time.Minute
	serviceTokenRenew = 2 * time.Minute
)

// dialer returns Platform.Dial: connections to other services, in memory when
// they are in this process, each call signed in as the caller.
func (h *Host) dialer(signer *authn.Signer, self string) func(string) grpc.ClientConnInterface {
	tokens := &serviceTokens{signer: signer, service: self}
	return func(service string) grpc.ClientConnInterface {
		return &peer{host: h, service: service, tokens: tokens}
	}
}

// serviceTokens keeps a valid token of this service.
type serviceTokens struct {
	signer  *authn.Signer
	service string

	mu      sync.Mutex
	token   string
	renewAt time.Time
}

func (t *serviceTokens) get() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := clock.System{}.Now()
	if t.token != "" && now.Before(t.renewAt) {
		return t.token, nil
	}
	token, err := t.signer.Sign(authn.Claims{Subject: t.service}, serviceTokenLife)
	if err != nil {
		return "", fmt.Errorf("sign in as %s: %w", t.service, err)
	}
	t.token, t.renewAt = token, now.Add(serviceTokenRenew)
	return token, nil
}

// peer connects at the first call, so that services may be built in any order.
type peer struct {
	host    *Host
	service string
	tokens  *serviceTokens

	mu   sync.Mutex
	conn grpc.ClientConnInterface
}

func (p *peer) connect() (grpc.ClientConnInterface, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		return p.conn, nil
	}
	if u, ok := p.host.units[p.service]; ok && u.public != nil {
		p.conn = u.public
		return p.conn, nil
	}
	if p.host.options.Remote == nil {
		return nil, fmt.Errorf("%w: %s", errNoConnection, p.service)
	}
	conn, err := p.host.options.Remote(p.service)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errNoConnection, p.service, err)
	}
	p.conn = conn
	return conn, nil
}

// Invoke carries out a unary call, signed in.
func (p *peer) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	conn, err := p.connect()
	if err != nil {
		return err
	}
	token, err := p.tokens.get()
	if err != nil {
		return err
	}
	return conn.Invoke(grpckit.WithToken(ctx, token), method, args, reply, opts...)
}

// NewStream opens a streaming call, signed in.
func (p *peer) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	conn, err := p.connect()
	if err != nil {
		return nil, err
	}
	token, err := p.tokens.get()
	if err != nil {
		return nil, err
	}
	return conn.NewStream(grpckit.WithToken(ctx, token), desc, method, opts...)
}

// newInbox makes the inbox of one source: the own store, or another service's
// stream with its Feed behind it.
func (u *unit) newInbox(source string, policies []messaging.Policy) (*messaging.Inbox, error) {
	if source == u.definition.Name {
		return messaging.NewOwnInbox(u.definition.Name, u.platform.Journal, u.pool, policies, u.platform.Log)
	}
	client := runtimev1.NewRuntimeServiceClient(u.platform.Dial(source))
	feed := func(ctx context.Context, after int64, limit int) ([]*envelopev1.Envelope, int64, error) {
		r, err := client.Feed(ctx, &runtimev1.FeedRequest{Service: source, After: after, Limit: int32(limit)})
		return r.GetEvents(), r.GetHead(), err
	}
	return messaging.NewInbox(u.definition.Name, source, u.bus, u.pool, feed, policies, u.platform.Log)
}
