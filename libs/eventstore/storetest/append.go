package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/libs/eventstore"
)

func dense(t *testing.T, s eventstore.Store) {
	a, b := stream(), stream()
	for i, c := range []struct {
		append eventstore.Append
		want   eventstore.Result
	}{
		{on(a, 0, 1), eventstore.Result{First: 1, Last: 1, Version: 1}},
		{on(b, 0, 3), eventstore.Result{First: 2, Last: 4, Version: 3}},
		{on(a, 1, 2), eventstore.Result{First: 5, Last: 6, Version: 3}},
		{on(b, 3, 1), eventstore.Result{First: 7, Last: 7, Version: 4}},
	} {
		if got := accepted(t, s, c.append); got != c.want {
			t.Errorf("append %d = %+v, want %+v", i, got, c.want)
		}
	}
	for i, r := range everything(t, s) {
		if r.Position != int64(i)+1 {
			t.Errorf("event %d has position %d", i+1, r.Position)
		}
	}
}

func together(t *testing.T, s eventstore.Store) {
	name := stream()
	accepted(t, s, on(name, 0, 1))
	if _, err := s.Append(t.Context(), on(name, 0, 5)); !errors.Is(err, eventstore.ErrConflict) {
		t.Fatalf("err = %v, want a conflict", err)
	}
	wantHead(t, s, 1)
	r := accepted(t, s, on(name, 1, 5))
	if r.Last-r.First != 4 || r.Version != 6 {
		t.Errorf("five events became %+v", r)
	}
	wantHead(t, s, 6)
}

func stale(t *testing.T, s eventstore.Store) {
	name := stream()
	accepted(t, s, on(name, 0, 2))
	for _, expected := range []int64{0, 1, 3} {
		for _, n := range []int{1, 2} {
			if _, err := s.Append(t.Context(), on(name, expected, n)); !errors.Is(err, eventstore.ErrConflict) {
				t.Errorf("append at %d on version 2: err = %v, want a conflict", expected, err)
			}
		}
	}
	if _, err := s.Append(t.Context(), on(stream(), 1, 1)); !errors.Is(err, eventstore.ErrConflict) {
		t.Errorf("append at 1 on a new stream: err = %v, want a conflict", err)
	}
	wantHead(t, s, 2)
}

func alone(t *testing.T, s eventstore.Store) {
	const n = 60
	var all sync.WaitGroup
	moved := stream()
	accepted(t, s, on(moved, 0, 1))
	for i := range n {
		all.Go(func() {
			if i%3 == 0 {
				if _, err := s.Append(t.Context(), on(moved, 0, 1+i%2)); !errors.Is(err, eventstore.ErrConflict) {
					t.Errorf("stale append: err = %v, want a conflict", err)
				}
				if _, err := s.Append(t.Context(), on(stream(), 7, 1+i%2)); !errors.Is(err, eventstore.ErrConflict) {
					t.Errorf("append ahead of its stream: err = %v, want a conflict", err)
				}
				return
			}
			if _, err := s.Append(t.Context(), on(stream(), 0, 2)); err != nil {
				t.Errorf("neighbour of a conflict: %v", err)
			}
		})
	}
	all.Wait()
	wantHead(t, s, 1+2*n*2/3)
}

func race(t *testing.T, s eventstore.Store) {
	name := stream()
	var mu sync.Mutex
	var won int
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			switch _, err := s.Append(t.Context(), on(name, 0, 1)); {
			case err == nil:
				mu.Lock()
				won++
				mu.Unlock()
			case !errors.Is(err, eventstore.ErrConflict):
				t.Errorf("err = %v, want a conflict", err)
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d of 32 won", won)
	}
	wantHead(t, s, 1)
}

func malformed(t *testing.T, s eventstore.Store) {
	for name, spoil := range map[string]func(*eventstore.Append){
		"no stream":              func(a *eventstore.Append) { a.Stream = "" },
		"a stream without id":    func(a *eventstore.Append) { a.Stream = "case-" },
		"a stream without type":  func(a *eventstore.Append) { a.Stream = "-1" },
		"a stream without dash":  func(a *eventstore.Append) { a.Stream = "case" },
		"a negative version":     func(a *eventstore.Append) { a.ExpectedVersion = -1 },
		"no command":             func(a *eventstore.Append) { a.Command.ID = "" },
		"a command in capitals":  func(a *eventstore.Append) { a.Command.ID = strings.ToUpper("a" + a.Command.ID[1:]) },
		"a command of any text":  func(a *eventstore.Append) { a.Command.ID = "again" },
		"no events":              func(a *eventstore.Append) { a.Events = nil },
		"an event without id":    func(a *eventstore.Append) { a.Events[0].ID = "" },
		"an event without type":  func(a *eventstore.Append) { a.Events[0].Type = "" },
		"a text with a NUL":      func(a *eventstore.Append) { a.Metadata.Actor = "E\x00" },
		"a rule that is no text": func(a *eventstore.Append) { a.Events[0].Rule = "\xff" },
		"a cause that is no text": func(a *eventstore.Append) {
			a.Metadata.Causation = &eventstore.Cause{Service: "\xff", Position: 1}
		},
	} {
		a := on(stream(), 0, 1)
		spoil(&a)
		if _, err := s.Append(t.Context(), a); !errors.Is(err, eventstore.ErrInvalid) {
			t.Errorf("%s: err = %v, want %v", name, err, eventstore.ErrInvalid)
		}
	}
	wantHead(t, s, 0)
}

func large(t *testing.T, s eventstore.Store) {
	a := on(stream(), 0, 2)
	a.Events[1].Data = make([]byte, eventstore.MaxEventBytes)
	if _, err := s.Append(t.Context(), a); !errors.Is(err, eventstore.ErrTooLarge) {
		t.Errorf("data of 512 KiB and an envelope: err = %v, want %v", err, eventstore.ErrTooLarge)
	}
	a.Events[1].Data = make([]byte, eventstore.MaxEventBytes-512)
	if _, err := s.Append(t.Context(), a); !errors.Is(err, eventstore.ErrTooLarge) {
		t.Errorf("512 KiB with texts: err = %v, want %v", err, eventstore.ErrTooLarge)
	}
	a.Events[1].Data = make([]byte, eventstore.MaxEventBytes-1024)
	accepted(t, s, a)
	all := everything(t, s)
	if len(all) != 2 || len(all[1].Data) != eventstore.MaxEventBytes-1024 {
		t.Errorf("the largest event was not kept whole")
	}
}
