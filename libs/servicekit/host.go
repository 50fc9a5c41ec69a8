package servicekit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
)

// Options is what a process knows that its services do not.
type Options struct {
	// Definitions are the services of this process.
	Definitions []Definition
	// Database returns how to reach the database of a service.
	Database func(service string) Database
	// Bus connects to NATS as a service.
	Bus func(service string) (*nats.Conn, error)
	// Recover is called when the stream of a service has vanished from the bus;
	// it makes streams and durables anew.
	Recover func(ctx context.Context) error
	// Remote connects to a service that is not in this process.
	Remote func(service string) (grpc.ClientConnInterface, error)
	// KeyFile returns the path of a key outside the databases.
	KeyFile func(name string) string
	// ServiceKey is the private key with which a service of this process signs
	// in to others.
	ServiceKey func(service string) (ed25519.PrivateKey, error)
	// Issuers are the public keys of all who sign tokens, by issuer.
	Issuers map[string]ed25519.PublicKey
	// FollowSessions says that the sessions are kept by a service of another
	// process, which is asked which have ended.
	FollowSessions bool
	// Clock is the only time.
	Clock clock.Clock
	// Zone is where local days begin and end.
	Zone *time.Location
	// Log is for operators.
	Log *slog.Logger
}

// Database is a service's database.
type Database struct {
	// URL is for the service's role, which may append and read events. It may
	// say pool_max_conns.
	URL string
	// OwnerURL is for the role that owns the tables; empty if somebody else
	// has migrated.
	OwnerURL string
}

// Host runs services.
type Host struct {
	options  Options
	verifier *authn.Verifier
	gate     *authn.Gate // of sessions kept elsewhere; nil unless they are followed
	units    map[string]*unit
	order    []string
}

// NewHost migrates and builds every service. Nothing runs until Run.
func NewHost(ctx context.Context, o Options) (*Host, error) {
	h := &Host{options: o, verifier: authn.NewVerifier(o.Issuers, clock.System{}.Now), units: map[string]*unit{}}
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	for _, d := range o.Definitions {
		h.order = append(h.order, d.Name)
		g.Go(func() error {
			u, err := h.prepare(gctx, d)
			if err != nil {
				return fmt.Errorf("prepare %s: %w", d.Name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			h.units[d.Name] = u
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		h.Close()
		return nil, err
	}
	for _, name := range h.order {
		if err := h.units[name].build(ctx, h); err != nil {
			h.Close()
			return nil, fmt.Errorf("build %s: %w", name, err)
		}
	}
	if o.FollowSessions && len(h.order) > 0 {
		h.gate = authn.NewGate(h.units[h.order[0]].endedElsewhere, clock.System{}.Now)
	}
	h.verifier.SetSessionCheck(h.checkSession)
	return h, nil
}

// Run runs every service until ctx ends or one of them fails; then all stop
// and the first failure is returned.
func (h *Host) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if h.gate != nil {
		g.Go(func() error { return h.gate.Run(ctx) })
	}
	for _, name := range h.order {
		g.Go(func() error {
			if err := h.units[name].run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// Close releases what NewHost opened; after Run has returned.
func (h *Host) Close() {
	for _, u := range h.units {
		u.close()
	}
}

// Conn is an in-memory connection to a service of this process, without
// credentials of its own: what the caller sends goes through.
func (h *Host) Conn(service string) grpc.ClientConnInterface {
	if u, ok := h.units[service]; ok {
		return u.public
	}
	return nil
}

// Brief lists why the process is not ready, for those who have shown no
// credential: service, source, position and a reason, no stream and no error.
func (h *Host) Brief() []string {
	var causes []string
	for _, name := range h.order {
		for _, c := range h.units[name].brief() {
			causes = append(causes, name+": "+c)
		}
	}
	return append(causes, h.blind()...)
}

// Causes lists why the process is not ready, each with its service. They may
// name streams and show errors; Brief is for those who have shown no
// credential.
func (h *Host) Causes() []string {
	var causes []string
	for _, name := range h.order {
		for _, c := range h.units[name].causes() {
			causes = append(causes, name+": "+c)
		}
	}
	return append(causes, h.blind()...)
}

// blind says that nobody is admitted, because ended sessions are not heard of.
func (h *Host) blind() []string {
	if h.gate == nil || h.gate.Ready() {
		return nil
	}
	return []string{"sessions: " + authn.SessionsKeptBy + " does not tell which have ended; nobody is admitted"}
}

// Client tells whether an outside system may use the bus.
func (h *Host) Client(user, password string) (OutsideClient, bool) {
	for _, name := range h.order {
		if check := h.units[name].service.Client; check != nil {
			return check(user, password)
		}
	}
	return OutsideClient{}, false
}

// checkSession asks the service that keeps the sessions, or what another
// process has told of them. Where neither is set up, as in a test of one
// service, the token's short life is the limit.
func (h *Host) checkSession(session string) error {
	if h.gate != nil {
		return h.gate.Check(session)
	}
	for _, name := range h.order {
		if u := h.units[name]; u.service != nil && u.service.CheckSession != nil {
			return u.service.CheckSession(session)
		}
	}
	return nil
}
