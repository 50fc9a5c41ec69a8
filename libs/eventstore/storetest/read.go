package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/libs/eventstore"
)

func streamPages(t *testing.T, s eventstore.Store) {
	name := stream()
	for v := range int64(7) {
		accepted(t, s, on(name, v, 1))
		accepted(t, s, on(stream(), 0, 2))
	}
	for _, c := range []struct{ after, limit, first, n int64 }{
		{0, 100, 1, 7}, {0, 3, 1, 3}, {3, 3, 4, 3}, {6, 3, 7, 1}, {7, 3, 0, 0}, {99, 3, 0, 0}, {0, 0, 0, 0},
	} {
		got, err := s.ReadStream(t.Context(), name, c.after, int(c.limit))
		if err != nil || int64(len(got)) != c.n {
			t.Fatalf("ReadStream(%d, %d): %d events, %v; want %d", c.after, c.limit, len(got), err, c.n)
		}
		for i, r := range got {
			if r.Version != c.first+int64(i) || r.Stream != name {
				t.Errorf("ReadStream(%d, %d)[%d] is version %d of %s", c.after, c.limit, i, r.Version, r.Stream)
			}
		}
	}
	if got, err := s.ReadStream(t.Context(), "case-unknown", 0, 10); len(got) != 0 || err != nil {
		t.Errorf("an unknown stream: %d events, %v", len(got), err)
	}
}

func allPages(t *testing.T, s eventstore.Store) {
	for range 4 {
		accepted(t, s, on(stream(), 0, 2))
	}
	for _, c := range []struct{ after, limit, n int64 }{
		{0, 100, 8}, {0, 3, 3}, {3, 3, 3}, {6, 3, 2}, {8, 3, 0}, {99, 3, 0}, {0, 0, 0},
	} {
		got, err := s.ReadAll(t.Context(), c.after, int(c.limit))
		if err != nil || int64(len(got)) != c.n {
			t.Fatalf("ReadAll(%d, %d): %d events, %v; want %d", c.after, c.limit, len(got), err, c.n)
		}
		for i, r := range got {
			if r.Position != c.after+int64(i)+1 {
				t.Errorf("ReadAll(%d, %d)[%d] is position %d", c.after, c.limit, i, r.Position)
			}
		}
	}
}

func head(t *testing.T, s eventstore.Store) {
	wantHead(t, s, 0)
	for _, n := range []int{1, 4} {
		r := accepted(t, s, on(stream(), 0, n))
		wantHead(t, s, r.Last)
	}
}

func wakes(t *testing.T, s eventstore.Store) {
	accepted(t, s, on(stream(), 0, 2))
	if err := s.Wait(t.Context(), 1); err != nil {
		t.Fatalf("Wait for what is there: %v", err)
	}
	var waiters sync.WaitGroup
	for _, after := range []int64{2, 2, 3} {
		waiters.Go(func() {
			if err := s.Wait(t.Context(), after); err != nil {
				t.Errorf("Wait: %v", err)
			}
			if h, err := s.Head(t.Context()); h <= after || err != nil {
				t.Errorf("woken after %d at %d, %v", after, h, err)
			}
		})
	}
	accepted(t, s, on(stream(), 0, 1))
	accepted(t, s, on(stream(), 0, 1))
	waiters.Wait()
}

func waitEnds(t *testing.T, s eventstore.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Wait(ctx, 0) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want %v", err, context.Canceled)
	}
}

func cancelled(t *testing.T, s eventstore.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := on(stream(), 0, 1)
	if _, err := s.Append(ctx, a); !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v, want %v", err, context.Canceled)
	}
	if _, _, err := s.Lookup(ctx, a.Command); !errors.Is(err, context.Canceled) {
		t.Errorf("Lookup = %v, want %v", err, context.Canceled)
	}
	if _, err := s.ReadAll(ctx, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAll = %v, want %v", err, context.Canceled)
	}
	if _, err := s.ReadStream(ctx, a.Stream, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadStream = %v, want %v", err, context.Canceled)
	}
	if _, err := s.Head(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Head = %v, want %v", err, context.Canceled)
	}
	wantHead(t, s, 0)
}

func neighbours(t *testing.T, s eventstore.Store) {
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%2 == 0 {
				go cancel()
			}
			a := on(stream(), 0, 1)
			_, err := s.Append(ctx, a)
			if i%2 == 0 && errors.Is(err, context.Canceled) {
				return
			}
			if err != nil {
				t.Errorf("append %d: %v", i, err)
			}
		})
	}
	all.Wait()
	for i, r := range everything(t, s) {
		if r.Position != int64(i)+1 {
			t.Errorf("event %d has position %d", i+1, r.Position)
		}
	}
}
