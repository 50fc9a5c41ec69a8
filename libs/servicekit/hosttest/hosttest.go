// Package hosttest runs one service in the real host, with PostgreSQL, NATS,
// inboxes and every interceptor, among neighbours that say what the test tells
// them.
package hosttest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"
)

// patience is how long a test waits for what must come, on a slow machine.
const patience = 60 * time.Second

// Cast is who takes part.
type Cast struct {
	// Service is the service under test.
	Service servicekit.Definition
	// Neighbours are other services by name; a nil one answers no calls.
	Neighbours map[string]func(*servicekit.Platform) *servicekit.Service
	// Sources are the neighbours to whose events the service reacts.
	Sources []string
	// Now is where the clock stands.
	Now time.Time
}

// Installation is a running host.
type Installation struct {
	// Clock is the only time, and stands still.
	Clock *clock.Manual

	t         testing.TB
	name      string
	names     []string
	options   servicekit.Options
	platforms map[string]*servicekit.Platform
	host      *servicekit.Host
	stop      func()
}

// Start makes databases, bus and keys and runs the cast until the test ends.
func Start(t testing.TB, c Cast) *Installation {
	t.Helper()
	i := &Installation{Clock: clock.NewManual(c.Now), t: t, name: c.Service.Name, names: []string{c.Service.Name}, platforms: map[string]*servicekit.Platform{}}
	definitions := []servicekit.Definition{i.noted(c.Service)}
	for name, build := range c.Neighbours {
		i.names = append(i.names, name)
		definitions = append(definitions, i.noted(neighbour(name, build)))
	}
	slices.Sort(i.names)
	users := []messaging.User{messaging.AdminUser("pw")}
	for _, name := range i.names {
		users = append(users, messaging.ServiceUser(name, "pw", i.names...))
	}
	dir := t.TempDir()
	bus, err := messaging.Embedded(messaging.Config{Dir: filepath.Join(dir, "nats"), Port: -1, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	log := slog.New(slog.DiscardHandler)
	i.streams(bus, log, c.Sources)
	keyFile := func(name string) string { return filepath.Join(dir, "keys", name+".key") }
	issuers := map[string]ed25519.PublicKey{authn.IssuerIdentity: public(t, keyFile("identity"))}
	for _, name := range i.names {
		issuers["ostiary/service/"+name] = public(t, keyFile("service-"+name))
	}
	i.options = servicekit.Options{
		Definitions: definitions,
		Bus:         func(name string) (*nats.Conn, error) { return bus.Connect(name, log) },
		Recover:     func(context.Context) error { return nil },
		Remote: func(name string) (grpc.ClientConnInterface, error) {
			return nil, fmt.Errorf("there is no %s in this test", name)
		},
		KeyFile: keyFile,
		ServiceKey: func(name string) (ed25519.PrivateKey, error) {
			return authn.LoadOrCreateKey(keyFile("service-" + name))
		},
		Issuers: issuers,
		Clock:   i.Clock,
		Zone:    time.FixedZone("Asia/Shanghai", 8*60*60),
		Log:     log,
	}
	databases := Databases(t, i.options)
	i.options.Database = func(name string) servicekit.Database {
		d := databases[name]
		if i.host == nil {
			d.OwnerURL = ""
		}
		return d
	}
	i.run()
	t.Cleanup(func() { i.stop() })
	return i
}

// Restart stops every service and starts it again on the same databases.
func (i *Installation) Restart() {
	i.t.Helper()
	i.stop()
	i.run()
}

func (i *Installation) run() {
	i.t.Helper()
	host, err := servicekit.NewHost(i.t.Context(), i.options)
	if err != nil {
		i.t.Fatal(err)
	}
	i.host = host
	ctx, cancel := context.WithCancel(context.WithoutCancel(i.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	i.stop = func() {
		i.stop = func() {}
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			i.t.Errorf("the services ended with %v", err)
		}
		host.Close()
	}
	i.Eventually("ready", func() bool { return len(host.Causes()) == 0 })
}

// Causes lists why the host is not ready.
func (i *Installation) Causes() []string { return i.host.Causes() }

// Platform is what a service of the cast was given.
func (i *Installation) Platform(name string) *servicekit.Platform { return i.platforms[name] }

// Conn connects to a service, without credentials of its own.
func (i *Installation) Conn(name string) grpc.ClientConnInterface { return i.host.Conn(name) }

// As is a call signed in as a person with these product roles.
func (i *Installation) As(account string, roles ...string) context.Context {
	i.t.Helper()
	return i.session(authn.Claims{Subject: account, Session: "ses_" + account, Person: "per_" + account, Roles: roles})
}

// AsNobody is a call signed in with an account that belongs to no person, with
// these product roles.
func (i *Installation) AsNobody(account string, roles ...string) context.Context {
	i.t.Helper()
	return i.session(authn.Claims{Subject: account, Session: "ses_" + account, Roles: roles})
}

// session is a call in a session that identity has opened.
func (i *Installation) session(claims authn.Claims) context.Context {
	i.t.Helper()
	key, err := authn.LoadOrCreateKey(i.options.KeyFile("identity"))
	if err != nil {
		i.t.Fatal(err)
	}
	return i.signed(authn.IssuerIdentity, key, claims)
}

// AsService is a call signed in as a service.
func (i *Installation) AsService(name string) context.Context {
	i.t.Helper()
	key, err := i.options.ServiceKey(name)
	if err != nil {
		i.t.Fatal(err)
	}
	return i.signed("ostiary/service/"+name, key, authn.Claims{Subject: name})
}

func (i *Installation) signed(issuer string, key ed25519.PrivateKey, claims authn.Claims) context.Context {
	i.t.Helper()
	token, err := authn.NewSigner(issuer, key, clock.System{}.Now).Sign(claims, authn.MaxLife)
	if err != nil {
		i.t.Fatal(err)
	}
	return grpckit.WithToken(i.t.Context(), token)
}

// Says lets a neighbour record events and waits until the service under test
// shows their consequences. It returns the last position.
func (i *Installation) Says(neighbour, stream string, events ...proto.Message) int64 {
	i.t.Helper()
	position := i.Record(neighbour, stream, events...)
	ctx, cancel := context.WithTimeout(i.t.Context(), patience)
	defer cancel()
	if err := i.Platform(i.name).Settled(ctx, neighbour, position); err != nil {
		i.t.Fatalf("wait for %s=%d: %v; %v", neighbour, position, err, i.Causes())
	}
	return position
}

// Record lets a neighbour record events and waits for nothing.
func (i *Installation) Record(neighbour, stream string, events ...proto.Message) int64 {
	i.t.Helper()
	j := i.Platform(neighbour).Journal
	a := eventstore.Append{
		Stream: stream, Command: eventstore.Command{ID: uuid.NewString()}, Metadata: eventstore.Metadata{Actor: "service:" + neighbour},
	}
	past, err := j.Stream(i.t.Context(), stream)
	if err != nil {
		i.t.Fatal(err)
	}
	a.ExpectedVersion = int64(len(past))
	for _, m := range events {
		e, err := j.Encode(i.t.Context(), m)
		if err != nil {
			i.t.Fatal(err)
		}
		a.Events = append(a.Events, e)
	}
	r, err := j.Store.Append(i.t.Context(), a)
	if err != nil {
		i.t.Fatal(err)
	}
	return r.Last
}

// Stream reads a stream of a service.
func (i *Installation) Stream(service, stream string) []eventstore.Fact {
	i.t.Helper()
	facts, err := i.Platform(service).Journal.Stream(i.t.Context(), stream)
	if err != nil {
		i.t.Fatal(err)
	}
	return facts
}

// Eventually waits until something is so.
func (i *Installation) Eventually(what string, is func() bool) {
	i.t.Helper()
	i.within(patience, 5*time.Millisecond, what, is)
}

// Patiently is for what takes minutes with full counts.
func (i *Installation) Patiently(what string, is func() bool) {
	i.t.Helper()
	i.within(20*time.Minute, 100*time.Millisecond, what, is)
}

func (i *Installation) within(patience, pause time.Duration, what string, is func() bool) {
	i.t.Helper()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-deadline:
			i.t.Fatalf("never: %s; %v", what, i.Causes())
		case <-time.After(pause):
		}
	}
}

func (i *Installation) noted(d servicekit.Definition) servicekit.Definition {
	build := d.New
	d.New = func(ctx context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
		i.platforms[d.Name] = p
		return build(ctx, p)
	}
	return d
}

func neighbour(name string, build func(*servicekit.Platform) *servicekit.Service) servicekit.Definition {
	return servicekit.Definition{Name: name, New: func(_ context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
		s := &servicekit.Service{}
		if build != nil {
			s = build(p)
		}
		if s.Register == nil {
			s.Register = func(grpc.ServiceRegistrar) {}
		}
		return s, nil
	}}
}

func (i *Installation) streams(bus *messaging.Server, log *slog.Logger, reads []string) {
	i.t.Helper()
	conn, err := bus.Connect("admin", log)
	if err != nil {
		i.t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		i.t.Fatal(err)
	}
	var sources []messaging.Source
	var subscriptions []messaging.Subscription
	for _, name := range i.names {
		sources = append(sources, messaging.Source{Service: name})
		if name == i.name {
			continue
		}
		subscriptions = append(subscriptions, messaging.Subscription{Consumer: name, Source: i.name})
	}
	for _, source := range reads {
		subscriptions = append(subscriptions, messaging.Subscription{Consumer: i.name, Source: source})
	}
	if err := messaging.EnsureStreams(i.t.Context(), js, sources, subscriptions); err != nil {
		i.t.Fatal(err)
	}
}

func public(t testing.TB, path string) ed25519.PublicKey {
	t.Helper()
	key, err := authn.LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public().(ed25519.PublicKey)
}
