package postgres_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/eventstore/storetest"
	"github.com/ostiary/ostiary/libs/testkit"
)

// The model with everything that can come between statement and answer: the
// server ends the backend, the statement is lost on its way, or the answer is,
// after the commit.
func TestNothingIsLostOrDoubledByLostConnections(t *testing.T) {
	t.Parallel()
	c := newCellOn(t, testkit.Postgres(t), 200)
	wire := newWire(t, c.service)
	s := openWith(t, testkit.Pool(t, wire.url))
	admin := testkit.Pool(t, c.Admin)
	storetest.Model(t, s, func(ctx context.Context, random *rand.Rand) {
		defer wire.spare()
		for ctx.Err() == nil {
			switch random.IntN(3) {
			case 0:
				terminate(ctx, t, admin, c.Name)
			case 1:
				wire.statements.Store(true)
			case 2:
				wire.answers.Store(true)
			}
			// Something must get through in between.
			head, err := s.Head(ctx)
			for err != nil && ctx.Err() == nil {
				head, err = s.Head(ctx)
			}
			_ = s.Wait(ctx, head+random.Int64N(30)) // ends early with the model
		}
	})
	if wire.cut.Load() == 0 {
		t.Error("no connection was cut")
	}
}

// An answer that is lost after the commit is found again.
func TestLostAnswerIsFoundAgain(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	wire := newWire(t, c.service)
	s := openWith(t, testkit.Pool(t, wire.url))
	for _, n := range []int{1, 2, 1, 2, 1} {
		wire.answers.Store(true)
		a := storetest.New(n)
		r, err := s.Append(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if wire.answers.Load() {
			t.Fatal("the answer was not lost")
		}
		events, err := s.ReadStream(t.Context(), a.Stream, 0, 10)
		if err != nil || len(events) != n || events[0].Position != r.First || r.Version != int64(n) {
			t.Errorf("%d events under %+v, %v; want %d", len(events), r, err, n)
		}
	}
}

func terminate(ctx context.Context, t *testing.T, admin *pgxpool.Pool, database string) {
	_, err := admin.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = $1 AND pid <> pg_backend_pid() AND query LIKE '%es.append%'`, database)
	if err != nil && ctx.Err() == nil {
		t.Errorf("terminate: %v", err)
	}
}

// wire lies between a client and the server.
type wire struct {
	url    string
	server string
	// statements and answers say that the next bytes in that direction get
	// lost, and the connection with them.
	statements, answers atomic.Bool
	cut                 atomic.Int64
}

func newWire(t *testing.T, address string) *wire {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{server: u.Host}
	u.Host = listener.Addr().String()
	w.url = u.String()
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { w.carry(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return w
}

// spare lets everything pass again.
func (w *wire) spare() {
	w.statements.Store(false)
	w.answers.Store(false)
}

func (w *wire) carry(client net.Conn) {
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		_ = client.Close()
		return
	}
	var both sync.WaitGroup
	hangUp := func() { _, _ = client.Close(), server.Close() }
	both.Go(func() { defer hangUp(); w.pass(client, server, &w.statements) })
	both.Go(func() { defer hangUp(); w.pass(server, client, &w.answers) })
	both.Wait()
}

// pass copies until a side ends or what is on its way is to be lost.
func (w *wire) pass(from io.Reader, to io.Writer, lose *atomic.Bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && lose.CompareAndSwap(true, false) {
			w.cut.Add(1)
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}
