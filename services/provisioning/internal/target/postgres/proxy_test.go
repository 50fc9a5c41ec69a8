package postgres_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
	"github.com/ostiary/ostiary/services/provisioning/internal/target/postgres"
)

// wire is a connection to the target that can be cut and that can go silent.
type wire struct {
	t        *testing.T
	listener net.Listener

	mu     sync.Mutex
	silent chan struct{} // open while nothing comes back
	cut    bool
	conns  map[net.Conn]bool
}

func newWire(t *testing.T, dsn string) (w *wire, through string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgxAddress(config)
	w = &wire{t: t, listener: l, conns: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() { w.accept(&all, network, address) })
	t.Cleanup(func() {
		_ = l.Close()
		w.heal()
		w.drop()
		all.Wait()
	})
	u.Host = l.Addr().String()
	q := u.Query()
	q.Del("host")
	q.Del("port")
	u.RawQuery = q.Encode()
	return w, u.String()
}

func pgxAddress(c *pgx.ConnConfig) (network, address string) {
	if c.Host[0] == '/' {
		return "unix", c.Host + "/.s.PGSQL." + strconv.Itoa(int(c.Port))
	}
	return "tcp", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}

func (w *wire) accept(all *sync.WaitGroup, network, address string) {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(network, address)
		if err != nil || !w.join(client, server) {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		// What the client sends always arrives; only answers are held back, so
		// that the end of a client is seen.
		all.Go(func() { _, _ = io.Copy(server, client); _ = server.Close(); _ = client.Close() })
		all.Go(func() { w.answer(client, server) })
	}
}

func (w *wire) join(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return false
	}
	for _, c := range conns {
		w.conns[c] = true
	}
	return true
}

func (w *wire) answer(client, server net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		w.mu.Lock()
		silent := w.silent
		w.mu.Unlock()
		if silent != nil {
			<-silent
		}
		if n > 0 {
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = client.Close()
			return
		}
	}
}

// hush holds answers back.
func (w *wire) hush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = make(chan struct{})
}

// drop cuts every connection; new ones fail until heal.
func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for c := range w.conns {
		_ = c.Close()
	}
	clear(w.conns)
}

func (w *wire) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
	if w.silent != nil {
		close(w.silent)
		w.silent = nil
	}
}

// Covers: PRV-024
func TestATargetThatFallsSilentOrIsCut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prefix string
		fault  func(*wire)
		want   error
	}{
		"silent": {"silent_", (*wire).hush, target.ErrTimeout},
		"cut":    {"cut_", (*wire).drop, target.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, c.prefix)
			w, through := newWire(t, p.admin)
			tg := p.target(t, func(o *postgres.Options) { o.DSN = through; o.Timeout = time.Second })
			s := open(t, tg)
			if err := apply(t, s, reader("E1"))[0]; err != nil {
				t.Fatal(err)
			}
			c.fault(w)
			began := time.Now()
			if _, err := s.ReadBack(t.Context(), []target.Change{reader("E1")}); !errors.Is(err, c.want) {
				t.Errorf("read back: %v", err)
			}
			if _, err := s.Apply(t.Context(), []target.Change{reader("E2")}); !errors.Is(err, c.want) {
				t.Errorf("apply: %v", err)
			}
			if _, err := tg.Open(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("open: %v", err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("three calls with a limit of a second took %v", took)
			}
			s.Close()
			w.heal()
			again := eventually(t, tg)
			for _, e := range []string{"E1", "E2"} {
				if err := apply(t, again, reader(e))[0]; err != nil {
					t.Fatal(err)
				}
				want(t, e+" after the recovery", shows(t, again, reader(e)), "exists=true login=true member=true backends=0 owned=0")
			}
		})
	}
}

// eventually opens a session as soon as the server has noticed that the former
// one is gone.
func eventually(t *testing.T, tg *postgres.Target) target.Session {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s, err := tg.Open(t.Context())
		if err == nil {
			t.Cleanup(s.Close)
			return s
		}
		if !errors.Is(err, target.ErrBusy) || time.Now().After(deadline) {
			t.Fatalf("open again: %v", err)
		}
	}
}

// What a lost holder had begun must be over before another may begin.
func TestALostHolderCannotActAfterItsSuccessorHasBegun(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "fence_")
	s := open(t, p.target(t))
	apply(t, s, reader("E1"))
	// Another transaction holds up what the holder is about to do.
	blocker, err := p.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blocker.Exec(t.Context(), `ALTER ROLE "fence_E1" CONNECTION LIMIT 5`); err != nil {
		t.Fatal(err)
	}
	w, through := newWire(t, p.admin)
	s.Close()
	holder := eventually(t, p.target(t, func(o *postgres.Options) { o.DSN = through; o.Timeout = 20 * time.Second }))
	begun := make(chan error, 1)
	go func() {
		_, err := holder.Apply(t.Context(), []target.Change{taken(reader("E1"))})
		begun <- err
	}()
	waitFor(t, p, `SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER ROLE "fence_E1" NOLOGIN%'`)
	w.drop()
	if err := <-begun; err == nil {
		t.Error("the lost holder believes that it succeeded")
	}
	if _, err := p.target(t).Open(t.Context()); !errors.Is(err, target.ErrBusy) {
		t.Errorf("a successor may begin while the holder's statement is under way: %v", err)
	}
	if err := blocker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	successor := eventually(t, p.target(t))
	if err := apply(t, successor, reader("E1"))[0]; err != nil {
		t.Fatal(err)
	}
	want(t, "the successor's word is the last", shows(t, successor, reader("E1")), "exists=true login=true member=true backends=0 owned=0")
}

func waitFor(t *testing.T, p place, question string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for yes := false; !yes; {
		if err := p.pool.QueryRow(t.Context(), question).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("never true: %s", question)
		}
	}
}
