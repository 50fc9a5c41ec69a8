package identity_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	"github.com/ostiary/ostiary/services/identity"
)

const bootstrapPassword = "Correct-Horse-7"

// noon is Sunday, 22 November 2026, 12:00 in Shanghai.
var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// installation is identity in the real host, with PostgreSQL, NATS and two
// neighbours that say what the test tells them.
type installation struct {
	t          *testing.T
	clock      *clock.Manual
	options    servicekit.Options
	host       *servicekit.Host
	identity   *servicekit.Platform
	neighbours map[string]*servicekit.Platform
	admin      context.Context
	stop       func()
	bus        *messaging.Server
}

// The setting holds for the whole binary, because tests run side by side.
func TestMain(m *testing.M) {
	if err := os.Setenv("IDENTITY_BOOTSTRAP_PASSWORD", bootstrapPassword); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

var services = []string{"policy", "identity", "access-request"}

func install(t *testing.T) *installation {
	t.Helper()
	t.Parallel()
	i := prepare(t)
	i.start()
	i.admin = i.signIn("admin", bootstrapPassword)
	return i
}

// prepare makes databases, bus and keys; nothing runs yet.
func prepare(t *testing.T) *installation {
	t.Helper()
	i := &installation{t: t, clock: clock.NewManual(noon), neighbours: map[string]*servicekit.Platform{}}
	users := []messaging.User{messaging.AdminUser("pw")}
	for _, s := range services {
		users = append(users, messaging.ServiceUser(s, "pw", services...))
	}
	dir := t.TempDir()
	bus, err := messaging.Embedded(messaging.Config{Dir: filepath.Join(dir, "nats"), Port: -1, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	i.bus = bus
	quiet := slog.New(slog.DiscardHandler)
	ensureStreams(t, bus, quiet)
	keyFile := func(name string) string { return filepath.Join(dir, "keys", name+".key") }
	issuers := map[string]ed25519.PublicKey{authn.IssuerIdentity: public(t, keyFile("identity"))}
	for _, s := range services {
		issuers["ostiary/service/"+s] = public(t, keyFile("service-"+s))
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	i.options = servicekit.Options{
		Definitions: []servicekit.Definition{i.watched(identity.Quick()), i.neighbour("policy"), i.neighbour("access-request")},
		Bus:         func(s string) (*nats.Conn, error) { return bus.Connect(s, quiet) },
		Recover:     func(context.Context) error { return nil },
		Remote:      func(s string) (grpc.ClientConnInterface, error) { return nil, errors.New("nobody else is there: " + s) },
		KeyFile:     keyFile,
		ServiceKey:  func(s string) (ed25519.PrivateKey, error) { return authn.LoadOrCreateKey(keyFile("service-" + s)) },
		Issuers:     issuers,
		Clock:       i.clock,
		Zone:        zone,
		Log:         quiet,
	}
	databases := hosttest.Databases(t, i.options)
	i.options.Database = func(s string) servicekit.Database {
		d := databases[s]
		if i.host == nil {
			d.OwnerURL = ""
		}
		return d
	}
	return i
}

// start runs the services until the test ends or stop is called.
func (i *installation) start() {
	i.t.Helper()
	host, err := servicekit.NewHost(i.t.Context(), i.options)
	if err != nil {
		i.t.Fatal(err)
	}
	i.host = host
	ctx, cancel := context.WithCancel(context.WithoutCancel(i.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	stopped := false
	i.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			i.t.Errorf("services ended with %v", err)
		}
		host.Close()
	}
	i.t.Cleanup(func() { i.stop() })
	i.eventually("ready", func() bool { return len(host.Causes()) == 0 })
}

func (i *installation) watched(d servicekit.Definition) servicekit.Definition {
	build := d.New
	d.New = func(ctx context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
		i.identity = p
		return build(ctx, p)
	}
	return d
}

func (i *installation) neighbour(name string) servicekit.Definition {
	return servicekit.Definition{Name: name, New: func(_ context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
		i.neighbours[name] = p
		return &servicekit.Service{Register: func(grpc.ServiceRegistrar) {}}, nil
	}}
}

// says lets a neighbour record an event and waits until identity has reacted.
func (i *installation) says(neighbour, stream string, m proto.Message) {
	i.t.Helper()
	j := i.neighbours[neighbour].Journal
	e, err := j.Encode(i.t.Context(), m)
	if err != nil {
		i.t.Fatal(err)
	}
	past, err := j.Stream(i.t.Context(), stream)
	if err != nil {
		i.t.Fatal(err)
	}
	r, err := j.Store.Append(i.t.Context(), eventstore.Append{
		Stream: stream, ExpectedVersion: int64(len(past)), Command: eventstore.Command{ID: uuid.NewString()},
		Metadata: eventstore.Metadata{Actor: "service:" + neighbour}, Events: []eventstore.NewEvent{e},
	})
	if err != nil {
		i.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(i.t.Context(), 30*time.Second)
	defer cancel()
	if err := i.identity.Settled(ctx, neighbour, r.Last); err != nil {
		i.t.Fatal(err)
	}
	i.settle()
}

// settle waits until identity has reacted to everything of its own.
func (i *installation) settle() {
	i.t.Helper()
	i.settleWithin(time.Minute)
}

func (i *installation) settleWithin(patience time.Duration) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), patience)
	defer cancel()
	for {
		head, err := i.identity.Journal.Store.Head(ctx)
		if err != nil {
			i.t.Fatal(err)
		}
		if err := i.identity.Settled(ctx, "identity", head); err != nil {
			i.t.Fatalf("settle at %d: %v; %v", head, err, i.host.Causes())
		}
		if now, err := i.identity.Journal.Store.Head(ctx); err != nil || now == head {
			return
		}
	}
}

// advance moves the clock and waits for what becomes due.
func (i *installation) advance(to time.Time, until func() bool) {
	i.t.Helper()
	i.clock.Set(to)
	i.eventually("what is due is done", until)
	i.settle()
}

func (i *installation) eventually(what string, is func() bool) {
	i.t.Helper()
	i.within(30*time.Second, 5*time.Millisecond, what, is)
}

// muchWork is how long what takes minutes with full counts may take.
const muchWork = 20 * time.Minute

// patiently waits so long.
func (i *installation) patiently(what string, is func() bool) {
	i.t.Helper()
	i.within(muchWork, 100*time.Millisecond, what, is)
}

func (i *installation) within(patience, pause time.Duration, what string, is func() bool) {
	i.t.Helper()
	deadline := time.Now().Add(patience)
	for !is() {
		if time.Now().After(deadline) {
			i.t.Fatalf("never: %s; %v", what, i.host.Causes())
		}
		select {
		case <-i.t.Context().Done():
		case <-time.After(pause):
		}
	}
}

func (i *installation) people() identityv1.IdentityServiceClient {
	return identityv1.NewIdentityServiceClient(i.host.Conn("identity"))
}

func (i *installation) door() identityv1.SignInServiceClient {
	return identityv1.NewSignInServiceClient(i.host.Conn("identity"))
}

// signIn returns a context that carries the access token.
func (i *installation) signIn(user, password string) context.Context {
	i.t.Helper()
	r, err := i.door().SignIn(i.t.Context(), &identityv1.SignInRequest{User: user, Password: password})
	if err != nil {
		i.t.Fatalf("sign in as %s: %v", user, err)
	}
	return bearer(i.t.Context(), r.GetAccessToken())
}

func bearer(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func withCommand(ctx context.Context, id string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "command-id", id)
}

// asService returns a context that is signed in as a service.
func (i *installation) asService(name string) context.Context {
	i.t.Helper()
	key, err := i.options.ServiceKey(name)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := authn.NewSigner("ostiary/service/"+name, key, clock.System{}.Now).Sign(authn.Claims{Subject: name}, time.Minute)
	if err != nil {
		i.t.Fatal(err)
	}
	return bearer(i.t.Context(), token)
}

// imports sends a file and returns the result.
func (i *installation) imports(header *identityv1.ImportSnapshotHeader, file string) (*identityv1.ImportResult, error) {
	return i.importsAs(i.admin, header, file)
}

func (i *installation) importsAs(ctx context.Context, header *identityv1.ImportSnapshotHeader, file string) (*identityv1.ImportResult, error) {
	i.t.Helper()
	if header.Map == nil {
		header.Map = []byte(peopleMap)
	}
	stream, err := i.people().ImportSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	parts := []*identityv1.ImportSnapshotRequest{{Part: &identityv1.ImportSnapshotRequest_Header{Header: header}}}
	for rest := []byte(file); len(rest) > 0; {
		n := min(len(rest), 100<<10)
		parts = append(parts, &identityv1.ImportSnapshotRequest{Part: &identityv1.ImportSnapshotRequest_Chunk{Chunk: rest[:n]}})
		rest = rest[n:]
	}
	for _, p := range parts {
		if err := stream.Send(p); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	for {
		r, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		if result := r.GetResult(); result != nil {
			return result, nil
		}
	}
}

// must imports and fails the test on a refusal.
func (i *installation) must(header *identityv1.ImportSnapshotHeader, file string) *identityv1.ImportResult {
	i.t.Helper()
	r, err := i.imports(header, file)
	if err != nil {
		i.t.Fatalf("import: %v", err)
	}
	i.settle()
	return r
}

// events lists the event names of a stream.
func (i *installation) events(stream string) []string {
	i.t.Helper()
	facts, err := i.identity.Journal.Stream(i.t.Context(), stream)
	if err != nil {
		i.t.Fatal(err)
	}
	names := []string{}
	for _, f := range facts {
		names = append(names, string(f.Message.ProtoReflect().Descriptor().Name()))
	}
	return names
}

func (i *installation) head() int64 {
	i.t.Helper()
	head, err := i.identity.Journal.Store.Head(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	return head
}

func ensureStreams(t *testing.T, bus *messaging.Server, quiet *slog.Logger) {
	t.Helper()
	conn, err := bus.Connect("admin", quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	var sources []messaging.Source
	for _, s := range services {
		sources = append(sources, messaging.Source{Service: s})
	}
	err = messaging.EnsureStreams(t.Context(), js, sources, []messaging.Subscription{
		{Consumer: "identity", Source: "policy"}, {Consumer: "identity", Source: "access-request"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func public(t *testing.T, path string) ed25519.PublicKey {
	t.Helper()
	key, err := authn.LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public().(ed25519.PublicKey)
}
