// Package storetest is what every event store must do. An implementation's test
// calls Run; one that can lose its connection calls Model with the means to cut
// it as well.
package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Now is where the clock of a store under test stands.
var Now = time.Date(2026, 1, 5, 1, 0, 0, 123_456_000, time.UTC)

// Open returns an empty store whose clock stands at Now; it closes with t.
type Open func(t *testing.T) eventstore.Store

// Run checks the promises of eventstore.Store, each on a store of its own.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
	for name, check := range map[string]func(*testing.T, eventstore.Store){
		"positions and versions are dense":                dense,
		"several events are one decision":                 together,
		"a stale append fails":                            stale,
		"a conflict fails alone":                          alone,
		"one of many wins a race":                         race,
		"a command is carried out once":                   once,
		"a repeated command ignores its version":          repetition,
		"simultaneous repetitions agree":                  simultaneous,
		"a command id serves one command":                 reuse,
		"a refused command may come back":                 comeback,
		"a malformed append is refused":                   malformed,
		"an event of more than 512 KiB is refused":        large,
		"the envelope is kept exactly":                    envelope,
		"what is not said is left out":                    sparse,
		"a stream is read in pages":                       streamPages,
		"everything is read in pages":                     allPages,
		"the head is the last position":                   head,
		"an append wakes those who wait":                  wakes,
		"waiting ends with its context":                   waitEnds,
		"a cancelled append writes nothing":               cancelled,
		"a cancelled append does not fail its neighbours": neighbours,
		"a reader cannot change what is stored":           untouchable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
	t.Run("64 writers", func(t *testing.T) {
		t.Parallel()
		Model(t, open(t), nil)
	})
}

var serial atomic.Int64

// stream is a new name.
func stream() string { return fmt.Sprintf("case-%d", serial.Add(1)) }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// command is a new command.
func command() eventstore.Command {
	id := newID()
	return eventstore.Command{ID: id, Digest: eventstore.Digest("Do", "case", "E1", []byte(id))}
}

// on is an append of n events on a version of a stream.
func on(stream string, expected int64, n int) eventstore.Append {
	a := eventstore.Append{
		Stream: stream, ExpectedVersion: expected, Command: command(),
		Metadata: eventstore.Metadata{Actor: "E0001"},
	}
	for i := range n {
		a.Events = append(a.Events, eventstore.NewEvent{ID: newID(), Type: "test.v1.Happened", Data: fmt.Appendf(nil, "%s/%d", a.Command.ID, i)})
	}
	return a
}

// accepted appends what must be accepted.
func accepted(t *testing.T, s eventstore.Store, a eventstore.Append) eventstore.Result {
	t.Helper()
	r, err := s.Append(t.Context(), a)
	if err != nil {
		t.Fatalf("append on %s at %d: %v", a.Stream, a.ExpectedVersion, err)
	}
	return r
}

// everything reads the whole store.
func everything(t *testing.T, s eventstore.Store) []eventstore.Recorded {
	t.Helper()
	var all []eventstore.Recorded
	for {
		page, err := s.ReadAll(t.Context(), int64(len(all)), 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

// wantHead checks that nothing was written beyond a position.
func wantHead(t *testing.T, s eventstore.Store, want int64) {
	t.Helper()
	if got, err := s.Head(t.Context()); err != nil || got != want {
		t.Fatalf("Head() = %d, %v; want %d", got, err, want)
	}
}

// New is an append of n events on a new stream.
func New(n int) eventstore.Append { return on(stream(), 0, n) }
