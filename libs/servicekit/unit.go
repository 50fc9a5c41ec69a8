package servicekit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/privacy"
	"github.com/ostiary/ostiary/libs/projection"
)

// unit is one running service with its plumbing.
type unit struct {
	definition  Definition
	platform    *Platform
	service     *Service
	pool        *pgxpool.Pool
	store       *postgres.Store
	bus         *nats.Conn
	relay       *messaging.Relay
	inboxes     map[string]*messaging.Inbox
	intakes     map[string]Intake // the inboxes and what the service adds
	projections *projection.Runner
	server      *grpc.Server
	listener    net.Listener
	public      *grpc.ClientConn
	peers       map[string]*grpc.ClientConn
}

// prepare brings the database to the shape that this binary needs and opens
// the store.
func (h *Host) prepare(ctx context.Context, d Definition) (*unit, error) {
	db := h.options.Database(d.Name)
	if db.OwnerURL != "" {
		if err := migrate(ctx, d, db); err != nil {
			return nil, err
		}
	}
	u := &unit{definition: d, inboxes: map[string]*messaging.Inbox{}, intakes: map[string]Intake{}, peers: map[string]*grpc.ClientConn{}}
	var err error
	if u.pool, err = openPool(ctx, db.URL); err != nil {
		return nil, err
	}
	if err := restoreClock(ctx, u.pool, h.options.Clock); err != nil {
		return nil, err
	}
	if u.store, err = postgres.Open(ctx, u.pool, h.options.Clock); err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	u.platform = &Platform{
		Service: d.Name,
		Journal: &eventstore.Journal{Service: d.Name, Store: u.store, Sealer: eventstore.NoSealer{}},
		Pool:    u.pool,
		Clock:   h.options.Clock,
		Zone:    h.options.Zone,
		KeyFile: h.options.KeyFile,
		Log:     h.options.Log.With("service", d.Name),
	}
	if d.Personal {
		kek, err := privacy.LoadOrCreateKEK(h.options.KeyFile("kek-" + d.Name))
		if err != nil {
			return nil, fmt.Errorf("open the key-encrypting key: %w", err)
		}
		u.platform.Keyring = privacy.NewKeyring(kek, privacy.NewPostgres(u.pool))
		u.platform.Journal.Sealer = u.platform.Keyring
	}
	return u, nil
}

// build makes the service and everything that runs around it.
func (u *unit) build(ctx context.Context, h *Host) error {
	name, p := u.definition.Name, u.platform
	key, err := h.options.ServiceKey(name)
	if err != nil {
		return fmt.Errorf("load the key of the service: %w", err)
	}
	u.server = grpckit.NewServer(grpckit.Options{
		Service: name, Verifier: h.verifier, Log: h.options.Log, NotBefore: u.notBefore,
	})
	u.listener, u.public, err = grpckit.InMemory()
	if err != nil {
		return err
	}
	signer := authn.NewSigner("ostiary/service/"+name, key, clock.System{}.Now)
	p.Dial = h.dialer(signer, name)
	p.Settled = u.settled
	p.Projected = func(ctx context.Context, position int64) error { return u.projections.WaitFor(ctx, position) }

	if u.bus, err = h.options.Bus(name); err != nil {
		return fmt.Errorf("connect to the bus: %w", err)
	}
	p.Bus = u.bus
	if u.service, err = u.definition.New(ctx, p); err != nil {
		return err
	}
	u.projections, err = projection.NewRunner(p.Journal, u.pool, p.Clock, p.Log, u.service.Projections, u.service.Deadlines)
	if err != nil {
		return err
	}
	// Queries may come before the projections run.
	if err := u.projections.Prepare(ctx); err != nil {
		return fmt.Errorf("prepare read models: %w", err)
	}
	if u.relay, err = messaging.NewRelay(name, u.store, u.bus, p.Log, h.options.Recover); err != nil {
		return err
	}
	u.store.Subscribe(u.relay.Push)
	bySource := map[string][]messaging.Policy{}
	for _, policy := range u.service.Policies {
		bySource[policy.Source] = append(bySource[policy.Source], policy)
	}
	for source, policies := range bySource {
		if u.inboxes[source], err = u.newInbox(source, policies); err != nil {
			return fmt.Errorf("inbox of %s: %w", source, err)
		}
		u.intakes[source] = u.inboxes[source]
	}
	for _, intake := range u.service.Intakes {
		u.intakes[intake.Source()] = intake
	}
	u.service.Register(u.server)
	registerRuntime(u.server, u)
	return nil
}

// run runs the unit until ctx ends or something fails.
func (u *unit) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return u.server.Serve(u.listener) })
	g.Go(func() error {
		<-ctx.Done()
		stopped := make(chan struct{})
		go func() { u.server.GracefulStop(); close(stopped) }()
		select {
		case <-stopped:
		case <-time.After(3 * time.Second):
			u.server.Stop()
		}
		return nil
	})
	g.Go(func() error { return u.projections.Run(ctx) })
	g.Go(func() error { return u.relay.Run(ctx) })
	for _, inbox := range u.inboxes {
		g.Go(func() error { return inbox.Run(ctx) })
	}
	for _, w := range u.service.Workers {
		g.Go(func() error {
			if err := w.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// settled waits for the inbox of a source and then for the projections to show
// what the reaction wrote.
func (u *unit) settled(ctx context.Context, source string, position int64) error {
	if intake, ok := u.intakes[source]; ok {
		if err := intake.WaitFor(ctx, position); err != nil {
			return fmt.Errorf("wait for %s=%d: %w", source, position, err)
		}
	}
	head, err := u.store.Head(ctx)
	if err != nil {
		return err
	}
	return u.projections.WaitFor(ctx, head)
}

// notBefore serves the metadata ostiary-not-before.
func (u *unit) notBefore(ctx context.Context, service string, position int64) error {
	if service == u.definition.Name {
		return u.projections.WaitFor(ctx, position)
	}
	return u.settled(ctx, service, position)
}

// causes lists why the unit is not ready.
func (u *unit) causes() []string {
	causes := append(u.relay.Causes(), u.projections.Causes()...)
	for _, intake := range u.intakes {
		causes = append(causes, intake.Causes()...)
	}
	if u.service.Causes != nil {
		causes = append(causes, u.service.Causes()...)
	}
	return causes
}

func (u *unit) close() {
	if u.public != nil {
		_ = u.public.Close()
	}
	for _, c := range u.peers {
		_ = c.Close()
	}
	if u.bus != nil {
		u.bus.Close()
	}
	if u.store != nil {
		u.store.Close()
	}
	if u.pool != nil {
		u.pool.Close()
	}
}
