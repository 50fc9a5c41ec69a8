package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/libs/eventstore"
)

func once(t *testing.T, s eventstore.Store) {
	for _, n := range []int{1, 3} {
		a := on(stream(), 0, n)
		if _, done, err := s.Lookup(t.Context(), a.Command); done || err != nil {
			t.Fatalf("Lookup before = %v, %v", done, err)
		}
		want := accepted(t, s, a)
		if want.Replayed {
			t.Error("the first time counts as a repetition")
		}
		want.Replayed = true
		if got := accepted(t, s, a); got != want {
			t.Errorf("repetition = %+v, want %+v", got, want)
		}
		if got, done, err := s.Lookup(t.Context(), a.Command); got != want || !done || err != nil {
			t.Errorf("Lookup = %+v, %v, %v; want %+v", got, done, err, want)
		}
	}
	wantHead(t, s, 4)
}

func repetition(t *testing.T, s eventstore.Store) {
	name := stream()
	a := on(name, 0, 1)
	want := accepted(t, s, a)
	accepted(t, s, on(name, 1, 1))
	want.Replayed = true
	// Decided again on the newer state, with other events.
	for _, n := range []int{1, 2} {
		again := on(name, 2, n)
		again.Command = a.Command
		if got := accepted(t, s, again); got != want {
			t.Errorf("repetition at another version = %+v, want %+v", got, want)
		}
	}
	// Refused it would be as stale, were the command not known.
	if got := accepted(t, s, a); got != want {
		t.Errorf("repetition at the old version = %+v, want %+v", got, want)
	}
	wantHead(t, s, 2)
}

func simultaneous(t *testing.T, s eventstore.Store) {
	a := on(stream(), 0, 2)
	results := make(chan eventstore.Result, 32)
	var all sync.WaitGroup
	for range cap(results) {
		all.Go(func() {
			r, err := s.Append(t.Context(), a)
			if err != nil {
				t.Errorf("repetition: %v", err)
			}
			results <- r
		})
	}
	all.Wait()
	close(results)
	first := 0
	for r := range results {
		if !r.Replayed {
			first++
		}
		if r.First != 1 || r.Last != 2 || r.Version != 2 {
			t.Errorf("a repetition answers %+v", r)
		}
	}
	if first != 1 {
		t.Errorf("%d of 32 were the first", first)
	}
	wantHead(t, s, 2)
}

func reuse(t *testing.T, s eventstore.Store) {
	a := on(stream(), 0, 1)
	accepted(t, s, a)
	for _, n := range []int{1, 2} {
		other := on(stream(), 0, n)
		other.Command.ID = a.Command.ID
		if _, err := s.Append(t.Context(), other); !errors.Is(err, eventstore.ErrCommandReused) {
			t.Errorf("append: err = %v, want %v", err, eventstore.ErrCommandReused)
		}
		if _, _, err := s.Lookup(t.Context(), other.Command); !errors.Is(err, eventstore.ErrCommandReused) {
			t.Errorf("lookup: err = %v, want %v", err, eventstore.ErrCommandReused)
		}
	}
	wantHead(t, s, 1)
}

func comeback(t *testing.T, s eventstore.Store) {
	name := stream()
	accepted(t, s, on(name, 0, 1))
	for i, n := range []int{1, 2} {
		a := on(name, 9, n)
		if _, err := s.Append(t.Context(), a); !errors.Is(err, eventstore.ErrConflict) {
			t.Fatalf("err = %v, want a conflict", err)
		}
		if _, done, err := s.Lookup(t.Context(), a.Command); done || err != nil {
			t.Fatalf("Lookup of a refused command = %v, %v", done, err)
		}
		a.ExpectedVersion = int64(i) + 1
		if r := accepted(t, s, a); r.Replayed {
			t.Error("a refused command counts as carried out")
		}
	}
}
