package e2e

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// wire is the network between Ostiary and a target. It may lose answers, and it
// may be a middlebox that swallows orders and answers OK.
type wire struct {
	listener net.Listener
	to       func() string

	mu    sync.Mutex
	deaf  bool // a GRANT arrives as a comment
	loses bool // once a GRANT is on its way, answers are thrown away
	conns map[net.Conn]bool
}

func newWire(t *testing.T, to func() string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, to: to, conns: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() { w.accept(&all) })
	t.Cleanup(func() {
		_ = l.Close()
		w.drop()
		all.Wait()
	})
	return w
}

func (w *wire) host() string { return w.listener.Addr().String() }

func (w *wire) accept(all *sync.WaitGroup) {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.to())
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns[client], w.conns[server] = true, true
		w.mu.Unlock()
		l := &link{wire: w}
		all.Go(func() { l.pass(server, client, l.order); w.forget(client, server) })
		all.Go(func() { l.pass(client, server, l.answer); w.forget(client, server) })
	}
}

func (w *wire) forget(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		delete(w.conns, c)
		_ = c.Close()
	}
}

// drop breaks every connection.
func (w *wire) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.Close()
	}
}

// set says how the wire behaves from now on.
func (w *wire) set(deaf, loses bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf, w.loses = deaf, loses
}

// link is one connection through the wire.
type link struct {
	wire *wire

	mu   sync.Mutex
	lost bool
}

func (l *link) pass(to io.Writer, from io.Reader, change func([]byte) []byte) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(change(buffer[:n])); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// order is what the target receives.
func (l *link) order(b []byte) []byte {
	l.wire.mu.Lock()
	deaf, loses := l.wire.deaf, l.wire.loses
	l.wire.mu.Unlock()
	grant := bytes.Contains(b, []byte(`GRANT "`))
	if grant && loses {
		l.mu.Lock()
		l.lost = true
		l.mu.Unlock()
	}
	if grant && deaf {
		return bytes.ReplaceAll(b, []byte(`GRANT "`), []byte(`-- NT "`))
	}
	return b
}

// answer is what Ostiary receives.
func (l *link) answer(b []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost {
		return nil
	}
	return b
}
