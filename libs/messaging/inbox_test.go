package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/testkit"
)

// database has the tables of the inboxes; the pool signs in as the service.
func database(t *testing.T) *pgxpool.Pool {
	t.Helper()
	d := testkit.Postgres(t)
	owner, err := pgx.Connect(t.Context(), d.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.Background()) }()
	name, url := d.Role(t)
	for range 2 { // it may run again
		if err := messaging.Migrate(t.Context(), owner, name); err != nil {
			t.Fatal(err)
		}
	}
	return testkit.Pool(t, url)
}

// effects is what a policy has brought about, per stream of the source. An
// effect that comes again is recognised by its command id, as a store does.
type effects struct {
	mu       sync.Mutex
	commands map[string]bool
	streams  map[string][]int64 // positions of the causes, in the order of the effects
	calls    int
}

func newEffects() *effects {
	return &effects{commands: map[string]bool{}, streams: map[string][]int64{}}
}

func (e *effects) policy(source string, before func(context.Context, eventstore.Fact) error) messaging.Policy {
	p := messaging.Policy{Name: "identity.when-pack-published", Source: source, On: []proto.Message{&policyv1.PackPublished{}}}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		if before != nil {
			if err := before(ctx, f); err != nil {
				return err
			}
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.calls++
		if id := p.Command(f, "target").ID; !e.commands[id] {
			e.commands[id] = true
			e.streams[f.Stream] = append(e.streams[f.Stream], f.Position)
		}
		return nil
	}
	return p
}

// undisturbed checks that every event of the store has had its effect once, in
// order within its stream.
func (e *effects) undisturbed(t *testing.T, s *source) {
	t.Helper()
	all, err := s.ReadAll(t.Context(), 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]int64{}
	for _, r := range all {
		if r.Type == published {
			want[r.Stream] = append(want[r.Stream], r.Position)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !maps.EqualFunc(e.streams, want, slices.Equal) {
		t.Errorf("the effects are %v, want %v", e.streams, want)
	}
}

const published = "ostiary.policy.v1.PackPublished"

// noFeed is a source that cannot be reached.
func noFeed(context.Context, int64, int) ([]*envelopev1.Envelope, int64, error) {
	return nil, 0, status.Error(codes.Unavailable, "no way there")
}

func inbox(t *testing.T, b *bus, pool *pgxpool.Pool, feed messaging.Feed, policies ...messaging.Policy) *messaging.Inbox {
	t.Helper()
	i, err := messaging.NewInbox("identity", "policy", b.connect("identity"), pool, feed, policies, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func relayPolicy(t *testing.T, b *bus, s *source) {
	t.Helper()
	r, err := messaging.NewRelay("policy", s, b.connect("policy"), quiet, b.ensure)
	if err != nil {
		t.Fatal(err)
	}
	s.subscribe(r.Push)
	background(t, r.Run)
}

func waitFor(t *testing.T, i *messaging.Inbox, position int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := i.WaitFor(ctx, position); err != nil {
		t.Fatalf("position %d was not reached, it stands at %d: %v; %v", position, i.Position(), err, i.Causes())
	}
}

// TestInboxTakesInFromJetStream without the help of Feed.
func TestInboxTakesInFromJetStream(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	b.mustEnsure()
	relayPolicy(t, b, s)
	i := inbox(t, b, pool, noFeed, e.policy("policy", nil))
	background(t, i.Run)
	n := max(100, testkit.Count(4000)/4*4)
	fill(t, s, n)
	waitFor(t, i, int64(n))
	e.undisturbed(t, s)
	if e.calls != n {
		t.Errorf("the policy was called %d times for %d events", e.calls, n)
	}
	js := b.js("admin")
	eventually(t, "everything is acknowledged", func() bool {
		c, err := js.Consumer(t.Context(), "EV_POLICY", "identity-from-policy")
		if err != nil {
			return false
		}
		info := c.CachedInfo()
		return info.NumAckPending == 0 && info.AckFloor.Stream == uint64(n)
	})
}

// TestInboxOnceUnderRedelivery: the process ends between the effect and the
// position, again and again, and JetStream begins from the start each time.
func TestInboxOnceUnderRedelivery(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	b.mustEnsure()
	relayPolicy(t, b, s)
	fill(t, s, 400)
	for round := range max(3, testkit.Count(20)) {
		var cut atomic.Int64
		reached := make(chan struct{})
		i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", func(context.Context, eventstore.Fact) error {
			if cut.Add(1) == int64(10+20*round) {
				close(reached)
			}
			return nil
		}))
		stop := background(t, i.Run)
		select {
		case <-reached:
		case <-taken(t, i):
		}
		stop()
		if err := b.js("admin").DeleteConsumer(t.Context(), "EV_POLICY", "identity-from-policy"); err != nil {
			t.Fatal(err)
		}
		b.mustEnsure()
	}
	i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", nil))
	background(t, i.Run)
	waitFor(t, i, 400)
	e.undisturbed(t, s)
}

// taken is closed once all of the 400 events were taken in.
func taken(t *testing.T, i *messaging.Inbox) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = i.WaitFor(t.Context(), 400)
	}()
	return done
}

// TestInboxLosesNothing: no JetStream, then an empty one, then one that comes
// and goes; Feed fills what is missing.
func TestInboxLosesNothing(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", nil))
	b.stop()
	background(t, i.Run)
	fill(t, s, 100)
	waitFor(t, i, 100) // NATS is down
	if err := os.RemoveAll(b.config.Dir); err != nil {
		t.Fatal(err)
	}
	b.start()
	b.mustEnsure()
	fill(t, s, 100)
	waitFor(t, i, 200) // nobody publishes
	relayPolicy(t, b, s)
	fill(t, s, 100)
	waitFor(t, i, 300)
	b.stop()
	fill(t, s, 100)
	waitFor(t, i, 400)
	b.start()
	fill(t, s, 100)
	waitFor(t, i, 500)
	e.undisturbed(t, s)
	if c := i.Causes(); len(c) > 0 {
		t.Error(c)
	}
}

// TestInboxGap: JetStream holds only the later half; the first comes from Feed.
func TestInboxGap(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	fill(t, s, 100)
	if err := messaging.EnsureStreams(t.Context(), b.js("admin"), []messaging.Source{{Service: "policy", First: 51}},
		[]messaging.Subscription{{Consumer: "identity", Source: "policy"}}); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	open := make(chan struct{})
	feed := func(ctx context.Context, after int64, limit int) ([]*envelopev1.Envelope, int64, error) {
		asked.Add(1)
		select {
		case <-open:
			return s.feed("policy")(ctx, after, min(limit, 7))
		default:
			return nil, 0, status.Error(codes.Unavailable, "not yet")
		}
	}
	relayPolicy(t, b, s)
	i := inbox(t, b, pool, feed, e.policy("policy", nil))
	background(t, i.Run)
	eventually(t, "feed was asked", func() bool { return asked.Load() > 1 })
	eventually(t, "readiness names the source", func() bool { return len(i.Causes()) == 1 && strings.Contains(i.Causes()[0], "source policy") })
	if i.Position() != 0 {
		t.Errorf("it went on to %d over the gap", i.Position())
	}
	close(open)
	waitFor(t, i, 100)
	e.undisturbed(t, s)
	if c := i.Causes(); len(c) > 0 {
		t.Error(c)
	}
}

// TestInboxIgnoresForgedEnvelopes: a message that is not what its sequence says
// is not believed; Feed tells what the source has stored.
func TestInboxIgnoresForgedEnvelopes(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	b.mustEnsure()
	js := b.js("admin")
	forged, err := proto.Marshal(&envelopev1.Envelope{Service: "policy", Position: 77, Stream: "pack-9", Type: published})
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{{0xff, 0xff}, forged} {
		if _, err := js.Publish(t.Context(), "ev.policy.pack.PackPublished", data); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, 4)
	i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", nil))
	background(t, i.Run)
	waitFor(t, i, 4)
	e.undisturbed(t, s)
}

// TestInboxConcurrency: streams of a page run side by side, one stream does not
// overtake itself.
func TestInboxConcurrency(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	fill(t, s, 40)
	var running, most atomic.Int64
	together := make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	busy := map[string]bool{}
	i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", func(_ context.Context, f eventstore.Fact) error {
		mu.Lock()
		if busy[f.Stream] {
			t.Errorf("two events of %s at once", f.Stream)
		}
		busy[f.Stream] = true
		mu.Unlock()
		if n := running.Add(1); n >= 4 {
			once.Do(func() { close(together) })
		} else if n > most.Load() {
			most.Store(n)
		}
		select {
		case <-together:
		case <-time.After(patience):
			t.Errorf("only %d streams run at once", most.Load())
		}
		running.Add(-1)
		mu.Lock()
		busy[f.Stream] = false
		mu.Unlock()
		return nil
	}))
	background(t, i.Run)
	waitFor(t, i, 40)
	e.undisturbed(t, s)
}

// TestInboxRepeatsWhatIsTransient and parks none of it.
func TestInboxRepeatsWhatIsTransient(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	failures := []error{
		context.DeadlineExceeded,
		fault.New(fault.Unavailable, "BUSY", "x", "x"),
		status.Error(codes.Unavailable, "x"), status.Error(codes.DeadlineExceeded, "x"),
		fmt.Errorf("append: %w", eventstore.ErrConflict.With("stream", "x")),
		&pgconn.PgError{Code: "08006"}, &pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "53300"}, &pgconn.PgError{Code: "40001"},
		&pgconn.ConnectError{}, io.ErrUnexpectedEOF, fmt.Errorf("read: %w", io.EOF),
	}
	for range failures {
		s.published(t, fmt.Sprintf("pack-%d", len(failures)), 1)
	}
	var mu sync.Mutex
	failed := map[int64]int{}
	i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", func(_ context.Context, f eventstore.Fact) error {
		mu.Lock()
		defer mu.Unlock()
		if failed[f.Position]++; failed[f.Position] <= 2 {
			return failures[f.Position-1]
		}
		return nil
	}))
	background(t, i.Run)
	waitFor(t, i, int64(len(failures)))
	if i.Parked() != 0 {
		t.Errorf("%d are parked: %v", i.Parked(), i.Causes())
	}
	e.undisturbed(t, s)
}

// TestInboxParks: an event that always fails is parked after a few tries, later
// ones of its stream behind it; others flow; readiness names it; after the
// repair Retry brings the state of an undisturbed run.
func TestInboxParks(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(){
		"error": nil,
		"panic": func() { panic("out of order") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
			b.mustEnsure()
			relayPolicy(t, b, s)
			var broken atomic.Bool
			var tried atomic.Int64
			broken.Store(true)
			i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", func(_ context.Context, f eventstore.Fact) error {
				if f.Stream == "pack-1" && f.Version == 2 && broken.Load() {
					tried.Add(1)
					if fail != nil {
						fail()
					}
					return errors.New("the matrix makes no sense")
				}
				return nil
			}))
			background(t, i.Run)
			var poison eventstore.Recorded
			for k := range 5 {
				for w := range 3 {
					if r := s.published(t, fmt.Sprintf("pack-%d", w), int64(k)); r.Stream == "pack-1" && r.Version == 2 {
						poison = r
					}
				}
			}
			waitFor(t, i, 15)
			if tried.Load() != 4 {
				t.Errorf("tried %d times, want once and three times more", tried.Load())
			}
			if len(e.streams["pack-0"]) != 5 || len(e.streams["pack-2"]) != 5 || len(e.streams["pack-1"]) != 1 {
				t.Errorf("the effects are %v", e.streams)
			}
			list, err := i.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(list) != 4 || list[0].Position != poison.Position || list[0].Stream != "pack-1" || list[0].Attempts != 4 || list[1].Attempts != 0 {
				t.Fatalf("parked: %+v", list)
			}
			eventually(t, "readiness", func() bool { return len(i.Causes()) == 2 && i.Parked() == 4 && i.FirstParked() == poison.Position })
			for _, word := range []string{"identity", "policy", fmt.Sprint(poison.Position), "pack-1", list[0].Error} {
				if !strings.Contains(i.Causes()[0], word) {
					t.Errorf("the cause %q does not name %s", i.Causes()[0], word)
				}
			}
			shown, envelope, err := i.Show(t.Context(), poison.Position)
			if err != nil || shown.Error != list[0].Error || envelope.GetEventId() != poison.EventID {
				t.Errorf("show: %+v, %v, %v", shown, envelope, err)
			}
			// What follows from one first cause is told from all the rest.
			following, err := i.ListOf(t.Context(), poison.CorrelationID)
			if err != nil || len(following) != 1 || following[0].Position != poison.Position || poison.CorrelationID == "" {
				t.Errorf("of %s are parked %+v, %v", poison.CorrelationID, following, err)
			}
			if _, _, err := i.Show(t.Context(), 1); !errors.Is(err, messaging.ErrNotParked) {
				t.Errorf("show of what is not parked: %v", err)
			}
			if processed, remaining, err := i.Retry(t.Context(), "pack-1"); processed != 0 || remaining != 4 || err != nil {
				t.Errorf("retry before the repair: %d processed, %d remain, %v", processed, remaining, err)
			}
			s.published(t, "pack-1", 9) // goes behind
			waitFor(t, i, 16)
			broken.Store(false)
			if processed, remaining, err := i.Retry(t.Context(), ""); processed != 5 || remaining != 0 || err != nil {
				t.Errorf("retry: %d processed, %d remain, %v", processed, remaining, err)
			}
			s.published(t, "pack-1", 10) // flows again
			waitFor(t, i, 17)
			e.undisturbed(t, s)
			if c := i.Causes(); len(c) > 0 || i.Parked() != 0 || i.FirstParked() != 0 {
				t.Errorf("%d parked, %v", i.Parked(), c)
			}
		})
	}
}

// TestRetryWhileEventsArrive: events of the parked stream keep coming while
// they are retried; none is lost and none overtakes.
func TestRetryWhileEventsArrive(t *testing.T) {
	t.Parallel()
	for range max(1, testkit.Count(20)) {
		b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
		var broken atomic.Bool
		broken.Store(true)
		i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", func(context.Context, eventstore.Fact) error {
			if broken.Load() {
				return errors.New("broken")
			}
			return nil
		}))
		background(t, i.Run)
		b.stop() // so that Feed is asked often
		s.published(t, "pack-1", 1)
		waitFor(t, i, 1)
		broken.Store(false)
		var g sync.WaitGroup
		g.Go(func() {
			for k := range 200 {
				s.published(t, "pack-1", int64(k))
			}
		})
		g.Go(func() {
			for i.Position() < 201 {
				if _, _, err := i.Retry(t.Context(), "pack-1"); err != nil {
					t.Error(err)
					return
				}
			}
		})
		g.Wait()
		waitFor(t, i, 201)
		if _, remaining, err := i.Retry(t.Context(), "pack-1"); remaining != 0 || err != nil {
			t.Errorf("%d remain, %v", remaining, err)
		}
		e.undisturbed(t, s)
	}
}

// TestInboxUndecodable: bytes that are no message, and a type that a newer
// source has invented, are parked; what no policy could want is passed over.
func TestInboxUndecodable(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	s.appendAny(t, "pack-1", published, []byte{0xff})
	s.appendAny(t, "pack-2", "ostiary.policy.v1.PackInvented", nil)
	s.appendAny(t, "pack-3", "ostiary.other.v1.Invented", []byte{0xff})
	s.appendAny(t, "pack-3", "ostiary.policy.v1.PackHeld", []byte{0xff})
	s.published(t, "pack-3", 1)
	i := inbox(t, b, pool, s.feed("policy"), e.policy("policy", nil))
	background(t, i.Run)
	waitFor(t, i, 5)
	list, err := i.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Position != 1 || list[1].Position != 2 {
		t.Errorf("parked: %+v, %v", list, err)
	}
	if !slices.Equal(e.streams["pack-3"], []int64{5}) {
		t.Errorf("the effects are %v", e.streams)
	}
}

// TestInboxOfReplicas: two processes run the same inbox; one is active, and
// when its connections break or it ends the other goes on.
func TestInboxOfReplicas(t *testing.T) {
	t.Parallel()
	b, s, e, pool := newBus(t), newSource(), newEffects(), database(t)
	var first, second atomic.Int64
	count := func(n *atomic.Int64) messaging.Policy {
		return e.policy("policy", func(context.Context, eventstore.Fact) error { n.Add(1); return nil })
	}
	one := inbox(t, b, pool, s.feed("policy"), count(&first))
	two := inbox(t, b, pool, s.feed("policy"), count(&second))
	stop := background(t, one.Run)
	fill(t, s, 40)
	waitFor(t, one, 40)
	background(t, two.Run)
	fill(t, s, 40)
	waitFor(t, one, 80)
	waitFor(t, two, 80)
	if first.Load() != 80 || second.Load() != 0 {
		t.Errorf("%d and %d calls, want 80 by the active one", first.Load(), second.Load())
	}
	stop()
	fill(t, s, 40)
	waitFor(t, two, 120)
	if second.Load() != 40 {
		t.Errorf("%d calls by the second, want 40", second.Load())
	}
	if _, err := pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 40)
	waitFor(t, two, 160)
	e.undisturbed(t, s)
}

// TestOwnInbox reads the own store, without NATS.
func TestOwnInbox(t *testing.T) {
	t.Parallel()
	s, e, pool := newSource(), newEffects(), database(t)
	journal := &eventstore.Journal{Service: "policy", Store: s, Sealer: eventstore.NoSealer{}}
	i, err := messaging.NewOwnInbox("policy", journal, pool, []messaging.Policy{e.policy("policy", nil)}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	stop := background(t, i.Run)
	fill(t, s, 1000)
	waitFor(t, i, 1000)
	e.undisturbed(t, s)
	stop()
	restored, err := messaging.NewOwnInbox("policy", &eventstore.Journal{Service: "policy", Store: newSource(), Sealer: eventstore.NoSealer{}}, pool, []messaging.Policy{e.policy("policy", nil)}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	background(t, restored.Run)
	eventually(t, "readiness names the older backup", func() bool {
		return len(restored.Causes()) == 1 && strings.Contains(restored.Causes()[0], "older backup")
	})
}

// TestInboxRefusesUnsoundPolicies at the start, not at the first event.
func TestInboxRefusesUnsoundPolicies(t *testing.T) {
	t.Parallel()
	good := newEffects().policy("policy", nil)
	nameless, foreign, idle := good, good, good
	nameless.Name = ""
	foreign.Source = "audit"
	idle.On = nil
	for _, policies := range [][]messaging.Policy{{nameless}, {foreign}, {idle}, {good, good}} {
		if _, err := messaging.NewOwnInbox("policy", &eventstore.Journal{}, nil, policies, quiet); err == nil {
			t.Errorf("%+v was accepted", policies)
		}
	}
}
