package outfeed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/migrations"
	"github.com/ostiary/ostiary/services/identity/internal/outfeed"
)

// table makes the table of the feeds in a database of the test's own.
func table(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), testkit.Postgres(t).Admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	all, err := fs.ReadFile(migrations.Files, "0002_feeds.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(all), "CREATE TABLE identity.feed_entry")
	create, _, ok := strings.Cut(rest, ");\n\n")
	if !ok {
		t.Fatal("the migration has no table of entries")
	}
	if _, err := pool.Exec(t.Context(), "CREATE SCHEMA identity; CREATE TABLE identity.feed_entry"+create+")"); err != nil {
		t.Fatal(err)
	}
	return pool
}

func bus(t *testing.T) (*messaging.Server, jetstream.JetStream) {
	t.Helper()
	server, err := messaging.Embedded(messaging.Config{
		Dir: filepath.Join(t.TempDir(), "nats"), Port: -1,
		Users: []messaging.User{messaging.AdminUser("pw"), messaging.ServiceUser("identity", "pw"), messaging.ClientUser("wiki", "pw", "", "LIFECYCLE", "wiki-1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, connect(t, server, "admin")
}

func connect(t *testing.T, server *messaging.Server, user string) jetstream.JetStream {
	t.Helper()
	conn, err := server.Connect(user, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func entry(n int) outfeed.Entry {
	return outfeed.Entry{
		Service: "identity", Position: int64(n), Name: "account.opened", Topic: "lifecycle.account.opened", About: fmt.Sprintf("E%d", n),
		Data: json.RawMessage(`{}`), At: time.Date(2026, 11, 22, 0, 0, n%1000, 0, time.UTC),
	}
}

// The stream is deleted while entries are written and read. Whoever keeps the
// number of the last entry and drops those that it has, as
// docs/examples/lifecycle does, misses nothing and sees nothing twice.
//
// Covers: OPS-007
func TestAReaderMissesAndDoublesNothingHoweverOftenTheStreamIsLost(t *testing.T) {
	t.Parallel()
	n := testkit.Count(100_000)
	book := outfeed.NewBook(table(t), outfeed.Lifecycle)
	server, admin := bus(t)
	conn, err := server.Connect("identity", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	publisher := &outfeed.Publisher{
		Book: book, Bus: conn, Stream: "LIFECYCLE", Topics: []string{"lifecycle.>"}, Log: slog.New(slog.DiscardHandler),
		Readers: func(context.Context) ([]outfeed.Durable, error) { return []outfeed.Durable{{Name: "wiki-1"}}, nil },
	}
	ctx, stop := context.WithCancel(t.Context())
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error { return publisher.Run(ctx) })
	running.Go(func() error {
		writers, ctx := errgroup.WithContext(ctx)
		writers.SetLimit(64)
		for e := 1; e <= n; e++ {
			writers.Go(func() error { return book.Add(ctx, entry(e)) })
			if e%100 == 0 { // a repetition has no effect
				writers.Go(func() error { return book.Add(ctx, entry(e)) })
			}
		}
		return writers.Wait()
	})
	r := reader{t: t, js: connect(t, server, "wiki"), seen: map[string]bool{}}
	for part := 1; part <= 5; part++ {
		r.upTo(n * part / 5)
		if part < 5 {
			if err := admin.DeleteStream(t.Context(), "LIFECYCLE"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(r.seen) != n {
		t.Errorf("%d of %d entries came", len(r.seen), n)
	}
	if first, last, err := book.Bounds(t.Context(), time.Time{}); err != nil || first != 1 || last != int64(n) {
		t.Errorf("the book goes from %d to %d, %v", first, last, err)
	}
	stop()
	if err := running.Wait(); err != nil {
		t.Error(err)
	}
}

// reader keeps the number of the last entry and drops those that it has.
type reader struct {
	t    *testing.T
	js   jetstream.JetStream
	last int
	seen map[string]bool
}

// upTo reads until it has an entry.
func (r *reader) upTo(n int) {
	r.t.Helper()
	for r.last < n {
		consumer, err := r.js.Consumer(r.t.Context(), "LIFECYCLE", "wiki-1")
		if err != nil {
			continue // it is made anew
		}
		batch, err := consumer.Fetch(min(500, n-r.last), jetstream.FetchMaxWait(2*time.Second))
		if err != nil {
			continue
		}
		for m := range batch.Messages() {
			r.take(m)
		}
	}
}

func (r *reader) take(m jetstream.Msg) {
	r.t.Helper()
	var e struct{ ID, Sequence, Subject string }
	if err := json.Unmarshal(m.Data(), &e); err != nil {
		r.t.Fatal(err)
	}
	number, err := strconv.Atoi(e.Sequence)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = m.Ack() // lost with the stream, it comes again
	switch {
	case number <= r.last:
		return
	case number != r.last+1:
		r.t.Fatalf("after %d came %d", r.last, number)
	case r.seen[e.Subject]:
		r.t.Fatalf("%s came twice", e.Subject)
	}
	r.last, r.seen[e.Subject] = number, true
}

func TestEntriesThatAreTooOldForTheBusAreLeftOut(t *testing.T) {
	t.Parallel()
	book := outfeed.NewBook(table(t), outfeed.Lifecycle)
	server, admin := bus(t)
	conn, err := server.Connect("identity", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	for n, days := range []int{90, 60, 1, 0} {
		e := entry(n + 1)
		e.At = time.Now().AddDate(0, 0, -days)
		if err := book.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	publisher := &outfeed.Publisher{
		Book: book, Bus: conn, Stream: "LIFECYCLE", Topics: []string{"lifecycle.>"}, Log: slog.New(slog.DiscardHandler),
		Readers: func(context.Context) ([]outfeed.Durable, error) { return nil, nil },
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- publisher.Run(ctx) }()
	for {
		s, err := admin.Stream(t.Context(), "LIFECYCLE")
		if err == nil && s.CachedInfo().State.LastSeq == 4 {
			if first := s.CachedInfo().State.FirstSeq; first != 3 {
				t.Errorf("the bus begins with entry %d, want 3", first)
			}
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "_", "E-1_a": "E-1_a", "a.b": "a=2Eb", "总部": "=E6=80=BB=E9=83=A8", "a b*>": "a=20b=2A=3E"} {
		if got := outfeed.Token(text); got != want {
			t.Errorf("Token(%q) = %q, want %q", text, got, want)
		}
	}
}
