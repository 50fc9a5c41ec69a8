package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// served serves a handler with short limits and returns its address.
func served(t *testing.T, h http.Handler, to limits) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, h, slog.New(slog.DiscardHandler), to) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

var short = limits{header: 200 * time.Millisecond, body: 200 * time.Millisecond, answer: 5 * time.Second, idle: 5 * time.Second, stop: time.Second}

// The time for the body is over long before the answer comes; whoever waits for
// it is not cut off.
func TestWhoeverWaitsIsNotCutOff(t *testing.T) {
	t.Parallel()
	address := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusGatewayTimeout)
		case <-time.After(5 * short.body):
		}
	}), short)
	for _, body := range []string{"", "{}"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("with body %q: %v, %v", body, answer, err)
		}
		_ = answer.Body.Close()
	}
}

// A header or a body that does not come ends the request.
func TestWhoeverStallsIsCutOff(t *testing.T) {
	t.Parallel()
	read := make(chan error, 1)
	address := served(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
	}), short)
	for _, said := range []string{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab", "POST / HTTP/1.1\r\nHo"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, said)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, bufio.NewReader(conn)); err != nil {
			t.Errorf("%q is held open: %v", said, err)
		}
		_ = conn.Close()
	}
	if err := <-read; err == nil {
		t.Error("half a body was read as a whole one")
	}
}
