package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/messaging"
)

// outside are the kinds of outside systems: one HR source, an HR system that
// speaks for all sources, a reader of the lifecycle feed.
func outside() []messaging.User {
	return []messaging.User{
		messaging.ClientUser("peoplesoft", "pw-peoplesoft", "hr.peoplesoft.>", "HRREPLY", "hrreply-peoplesoft"),
		messaging.ClientUser("headquarters", "pw-headquarters", "hr.>", "HRREPLY", "hrreply-headquarters"),
		messaging.ClientUser("wiki", "pw-wiki", "", "LIFECYCLE", "wiki-1", "wiki-2"),
	}
}

// guests are the outside systems that a bus admits; they may change.
type guests struct {
	mu  sync.Mutex
	all map[string]messaging.User
}

func (g *guests) find(user, password string) (messaging.User, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	u, ok := g.all[user]
	return u, ok && u.Password == password
}

func (b *bus) admit(all ...messaging.User) {
	b.guests.mu.Lock()
	defer b.guests.mu.Unlock()
	for _, u := range all {
		b.guests.all[u.Name] = u
	}
}

// filled is how many messages newFeeds puts into each stream.
const filled = 64

// newFeeds is a bus with outside systems, their places and messages in every
// stream.
func newFeeds(t *testing.T) *bus {
	t.Helper()
	b := &bus{t: t, guests: &guests{all: map[string]messaging.User{}}}
	b.config = messaging.Config{Dir: t.TempDir(), Port: -1, Users: users(), Key: "a key of the test, long enough", Outside: b.guests.find}
	b.start()
	t.Cleanup(func() { b.stop() })
	b.mustEnsure()
	b.admit(outside()...)
	admin := b.js("admin")
	for stream, subject := range map[string]string{"HR": "hr", "HRREPLY": "hrreply", "LIFECYCLE": "lifecycle"} {
		if _, err := admin.CreateStream(t.Context(), jetstream.StreamConfig{Name: stream, Subjects: []string{subject + ".>"}}); err != nil {
			t.Fatal(err)
		}
		b.fill(admin, subject+".first.said")
	}
	b.place("HR", "identity-from-HR")
	for _, u := range outside() {
		stream, durables := reads(u)
		for _, durable := range durables {
			b.place(stream, durable)
		}
	}
	for _, s := range services {
		b.fill(admin, "ev."+s+".s.Happened")
	}
	return b
}

func (b *bus) place(stream, durable string) {
	b.t.Helper()
	c := jetstream.ConsumerConfig{Durable: durable, AckPolicy: jetstream.AckExplicitPolicy}
	if _, err := b.js("admin").CreateConsumer(b.t.Context(), stream, c); err != nil {
		b.t.Fatal(err)
	}
}

// fill publishes more messages than a test takes away.
func (b *bus) fill(js jetstream.JetStream, subject string) {
	b.t.Helper()
	for n := range filled {
		if _, err := js.Publish(b.t.Context(), subject, fmt.Append(nil, n+1)); err != nil {
			b.t.Fatal(err)
		}
	}
}

// count is how many messages a stream has.
func (b *bus) count(stream string) uint64 {
	b.t.Helper()
	s, err := b.js("admin").Stream(b.t.Context(), stream)
	if err != nil {
		b.t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// reads is where an outside system reads.
func reads(u messaging.User) (stream string, durables []string) {
	for _, subject := range u.Publish {
		if place, ok := strings.CutPrefix(subject, "$JS.API.CONSUMER.INFO."); ok {
			var durable string
			stream, durable, _ = strings.Cut(place, ".")
			durables = append(durables, durable)
		}
	}
	return stream, durables
}

// TestOutsideSystemsCanDoTheirWork: each kind publishes what it may and has it
// confirmed, and reads at each of its places all there is, in order and once:
// many with one question, one by one, with heartbeats while it waits, after an
// answer that it cannot take it now, and after its connection was lost.
//
// Covers: OPS-007
func TestOutsideSystemsCanDoTheirWork(t *testing.T) {
	t.Parallel()
	for _, u := range outside() {
		t.Run(u.Name, func(t *testing.T) {
			t.Parallel()
			b := newFeeds(t)
			conn := b.connect(u.Name)
			js, err := jetstream.New(conn)
			if err != nil {
				t.Fatal(err)
			}
			if subject, ok := strings.CutPrefix(u.Publish[0], "hr."); ok {
				ack, err := js.Publish(t.Context(), "hr."+strings.Replace(subject, ">", "employee.hired", 1), []byte("{}"))
				if err != nil || ack.Stream != "HR" || ack.Sequence != filled+1 {
					t.Errorf("the hire was confirmed as %+v, %v", ack, err)
				}
			}
			stream, durables := reads(u)
			for _, durable := range durables {
				r := follower{t: t, js: js, stream: stream, durable: durable}
				r.fetch(20)
				r.oneByOne(10)
				r.refuseOne()
				if err := conn.ForceReconnect(); err != nil {
					t.Fatal(err)
				}
				r.fetch(int(b.count(stream) - r.last))
				r.waitFor(b.js("admin"), strings.ToLower(stream)+".later.said")
				if info := r.consumer().CachedInfo(); info.NumAckPending != 0 || info.NumPending != 0 {
					t.Errorf("at %s %d are not acknowledged and %d not read", durable, info.NumAckPending, info.NumPending)
				}
			}
		})
	}
}

// follower reads a place.
type follower struct {
	t               *testing.T
	js              jetstream.JetStream
	stream, durable string
	last            uint64
}

func (f *follower) consumer() (c jetstream.Consumer) {
	f.t.Helper()
	eventually(f.t, "the place "+f.durable, func() bool {
		ctx, cancel := context.WithTimeout(f.t.Context(), time.Second)
		defer cancel()
		var err error
		c, err = f.js.Consumer(ctx, f.stream, f.durable)
		return err == nil
	})
	return c
}

// take holds a message against the one that is due, and acknowledges it.
func (f *follower) take(m jetstream.Msg) {
	f.t.Helper()
	meta, err := m.Metadata()
	if err != nil {
		f.t.Fatal(err)
	}
	if meta.Sequence.Stream != f.last+1 || meta.Stream != f.stream || meta.Consumer != f.durable {
		f.t.Fatalf("after %d came %+v", f.last, meta)
	}
	f.last++
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	if err := m.DoubleAck(ctx); err != nil {
		f.t.Fatal(err)
	}
}

// fetch reads many with as few questions as it takes.
func (f *follower) fetch(n int) {
	f.t.Helper()
	for due := f.last + uint64(n); f.last < due; {
		batch, err := f.consumer().Fetch(int(due-f.last), jetstream.FetchMaxWait(patience), jetstream.FetchHeartbeat(time.Second))
		if err != nil {
			f.t.Fatal(err)
		}
		for m := range batch.Messages() {
			f.take(m)
		}
	}
}

func (f *follower) oneByOne(n int) {
	f.t.Helper()
	for range n {
		m, err := f.consumer().Next(jetstream.FetchMaxWait(patience))
		if err != nil {
			f.t.Fatal(err)
		}
		f.take(m)
	}
}

// refuseOne gives a message back, so that it comes again.
func (f *follower) refuseOne() {
	f.t.Helper()
	m, err := f.consumer().Next(jetstream.FetchMaxWait(patience))
	if err == nil {
		err = m.Nak()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// waitFor asks before there is anything, hears heartbeats until it comes.
func (f *follower) waitFor(admin jetstream.JetStream, subject string) {
	f.t.Helper()
	conn := f.js.Conn()
	inbox, err := conn.SubscribeSync(conn.NewInbox())
	if err != nil {
		f.t.Fatal(err)
	}
	ask := fmt.Appendf(nil, `{"batch":2,"expires":%d,"idle_heartbeat":%d}`, patience, 50*time.Millisecond)
	if err := conn.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+f.stream+"."+f.durable, inbox.Subject, ask); err != nil {
		f.t.Fatal(err)
	}
	for range 2 {
		beat, err := inbox.NextMsg(patience)
		if err != nil || beat.Header.Get("Status") != "100" {
			f.t.Fatalf("instead of a heartbeat came %v, %v", beat, err)
		}
	}
	for n := range 2 {
		if _, err := admin.Publish(f.t.Context(), subject, []byte("later")); err != nil {
			f.t.Fatal(err)
		}
		m, err := inbox.NextMsg(patience)
		for err == nil && m.Header.Get("Status") == "100" {
			m, err = inbox.NextMsg(patience)
		}
		if err != nil {
			f.t.Fatalf("message %d did not come: %v", n+1, err)
		}
		if err := m.AckSync(); err != nil {
			f.t.Fatalf("acknowledge %v: %v", m, err)
		}
		f.last++
	}
}

// TestOutsideSystemsAreConfined tries, as each kind, what only others may do.
func TestOutsideSystemsAreConfined(t *testing.T) {
	t.Parallel()
	b := newFeeds(t)
	for _, u := range outside() {
		refused := make(chan error, 1)
		c, err := nats.Connect(b.server.URL(), nats.UserInfo(u.Name, u.Password), nats.CustomInboxPrefix(messaging.InboxPrefix(u.Name)),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		expect := func(what string) {
			t.Helper()
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-refused:
				if !errors.Is(err, nats.ErrPermissionViolation) {
					t.Errorf("%s: %v", what, err)
				}
			case <-time.After(patience):
				t.Errorf("%s was let %s", u.Name, what)
			}
		}
		for _, subject := range others(u) {
			if err := c.Publish(subject, []byte("x")); err != nil {
				t.Fatal(err)
			}
			expect("publish to " + subject)
		}
		for _, subject := range []string{">", "ev.>", "hr.>", "hrreply.>", "lifecycle.>", "$JS.>", "_R_.>", "_INBOX_identity.>", "_INBOX.>"} {
			if _, err := c.SubscribeSync(subject); err != nil {
				t.Fatal(err)
			}
			expect("subscribe to " + subject)
		}
	}
}

// others is what an outside system may not publish to: all that everybody else
// may, and the administration of the broker.
func others(u messaging.User) (subjects []string) {
	all := append([]string{
		"ev", "hr", "$SYS.REQ.SERVER.PING", "$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.CREATE.X", "$JS.API.STREAM.DELETE.HR",
		"$JS.API.STREAM.MSG.GET.HR", "$JS.API.DIRECT.GET.HR", "$JS.API.STREAM.MSG.DELETE.HR", "$JS.API.CONSUMER.DELETE.LIFECYCLE.wiki-1",
		"$JS.API.CONSUMER.DURABLE.CREATE.LIFECYCLE.x",
	}, foreign...)
	for _, other := range append(users(), outside()...) {
		for _, allowed := range other.Publish {
			all = append(all, literal(allowed))
		}
	}
	for _, subject := range all {
		if !mayWrite(u, subject) {
			subjects = append(subjects, subject)
		}
	}
	return subjects
}

// A reader that pulls without end is cut off before it takes the memory of the
// bus; the others do not notice.
func TestWhoeverAsksWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	b := newFeeds(t)
	other := b.connect("headquarters")
	greedy := b.connect("wiki")
	var once sync.Once
	cut := make(chan struct{})
	greedy.SetDisconnectErrHandler(func(*nats.Conn, error) { once.Do(func() { close(cut) }) })
	inbox := messaging.InboxPrefix("wiki")
	if _, err := greedy.Subscribe(inbox+".>", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	most := 0
	for n := 0; ; n++ {
		select {
		case <-cut:
			if most < 1000 {
				t.Errorf("cut off with %d questions under way", most)
			}
			greedy.Close()
			eventually(t, "what it asked is forgotten", func() bool { return b.server.Pending() < 100 })
			if other.Stats().Reconnects > 0 || other.Status() != nats.CONNECTED {
				t.Error("another user was cut off, too")
			}
			return
		default:
		}
		ask := &nats.Msg{Subject: "$JS.API.CONSUMER.MSG.NEXT.LIFECYCLE.wiki-1", Reply: fmt.Sprintf("%s.%d", inbox, n), Data: []byte(`{"batch":1,"no_wait":true}`)}
		_ = greedy.PublishMsg(ask) // refused once it is cut off
		if n%100 == 0 {
			_ = greedy.Flush()
			most = max(most, b.server.Pending())
		}
		if n > 1_000_000 {
			t.Fatalf("a million questions, %d under way, and nobody cuts it off", most)
		}
	}
}
