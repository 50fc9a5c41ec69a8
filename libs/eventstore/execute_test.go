package eventstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"
	"github.com/ostiary/ostiary/libs/fault"
)

var errFull = fault.New(fault.Refused, "FULL", "There is no room left; wait until somebody leaves.", "已满，请等待。")

// room admits at most three; a decision is the number admitted.
var room = eventstore.Decider[int64, int64]{
	Decide: func(taken, wanted int64) ([]proto.Message, error) {
		switch {
		case wanted == 0:
			return nil, nil
		case taken+wanted > 3:
			return nil, errFull
		}
		return []proto.Message{wrapperspb.Int64(wanted)}, nil
	},
	Evolve: func(taken int64, m proto.Message) int64 { return taken + m.(*wrapperspb.Int64Value).GetValue() },
}

var start = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)

func newJournal(s eventstore.Store) *eventstore.Journal {
	return &eventstore.Journal{Service: "test", Store: s, Sealer: eventstore.NoSealer{}}
}

func command(id string) eventstore.Command {
	return eventstore.Command{ID: "00000000-0000-7000-8000-0000000000" + id, Digest: eventstore.Digest("Enter", "room-1", "E1", []byte(id))}
}

func TestExecute(t *testing.T) {
	t.Parallel()
	j := newJournal(memory.New(clock.NewManual(start)))
	enter := func(id string, n int64) (eventstore.Result, error) {
		return eventstore.Execute(t.Context(), j, room, "room-1", command(id), eventstore.Metadata{Actor: "E1"}, n)
	}
	if r, err := enter("01", 2); err != nil || r != (eventstore.Result{First: 1, Last: 1, Version: 1}) {
		t.Fatalf("first = %+v, %v", r, err)
	}
	if _, err := enter("02", 2); !errors.Is(err, errFull) {
		t.Errorf("a fourth: err = %v, want %v", err, errFull)
	}
	if r, err := enter("03", 0); err != nil || r != (eventstore.Result{Version: 1}) {
		t.Errorf("nothing to do = %+v, %v", r, err)
	}
	// Decided anew it would be refused; as a repetition it is answered.
	if r, err := enter("01", 2); err != nil || r != (eventstore.Result{First: 1, Last: 1, Version: 1, Replayed: true}) {
		t.Errorf("repetition = %+v, %v", r, err)
	}
	other := command("01")
	other.Digest[0]++
	if _, err := eventstore.Execute(t.Context(), j, room, "room-1", other, eventstore.Metadata{}, 1); !errors.Is(err, eventstore.ErrCommandReused) {
		t.Errorf("reused: err = %v, want %v", err, eventstore.ErrCommandReused)
	}
	if taken, version, err := eventstore.Load(t.Context(), j, room, "room-1"); taken != 2 || version != 1 || err != nil {
		t.Errorf("Load = %d, %d, %v", taken, version, err)
	}
}

// overtaken lets another append win before each of the first n.
type overtaken struct {
	eventstore.Store
	n     int
	tries int
}

func (o *overtaken) Append(ctx context.Context, a eventstore.Append) (eventstore.Result, error) {
	if o.tries++; o.tries <= o.n {
		other := a
		other.Command.ID = eventstore.PolicyCommandID("test", "test", int64(o.tries), a.Stream)
		if _, err := o.Store.Append(ctx, other); err != nil {
			return eventstore.Result{}, err
		}
	}
	return o.Store.Append(ctx, a)
}

func TestExecuteDecidesAgainAfterALostRace(t *testing.T) {
	t.Parallel()
	s := &overtaken{Store: memory.New(clock.NewManual(start)), n: 2}
	r, err := eventstore.Execute(t.Context(), newJournal(s), room, "room-1", command("01"), eventstore.Metadata{}, 1)
	if err != nil || r.Version != 3 {
		t.Errorf("after two lost races = %+v, %v; want version 3", r, err)
	}
	// On the newer state the rule says no.
	if _, err := eventstore.Execute(t.Context(), newJournal(s), room, "room-1", command("02"), eventstore.Metadata{}, 1); !errors.Is(err, errFull) {
		t.Errorf("err = %v, want %v", err, errFull)
	}
}

func TestExecuteGivesUpARaceInTheEnd(t *testing.T) {
	t.Parallel()
	endless := eventstore.Decider[int64, int64]{
		Decide: func(int64, int64) ([]proto.Message, error) { return []proto.Message{wrapperspb.Int64(1)}, nil },
		Evolve: room.Evolve,
	}
	s := &overtaken{Store: memory.New(clock.NewManual(start)), n: 1000}
	_, err := eventstore.Execute(t.Context(), newJournal(s), endless, "room-1", command("01"), eventstore.Metadata{}, 1)
	if !errors.Is(err, eventstore.ErrConflict) {
		t.Errorf("err = %v, want %v", err, eventstore.ErrConflict)
	}
	if s.tries != 8 {
		t.Errorf("decided %d times, want 8", s.tries)
	}
}

func TestLoadRefusesAnUnknownEvent(t *testing.T) {
	t.Parallel()
	s := memory.New(clock.NewManual(start))
	a := eventstore.Append{Stream: "room-1", Command: command("01"), Events: []eventstore.NewEvent{
		{ID: command("02").ID, Type: "test.v9.Unheard", Data: []byte{1}},
	}}
	if _, err := s.Append(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, _, err := eventstore.Load(t.Context(), newJournal(s), room, "room-1"); err == nil {
		t.Error("an event was folded that this binary does not know")
	}
}

func TestStreamReadsBeyondAPage(t *testing.T) {
	t.Parallel()
	s := memory.New(clock.NewManual(start))
	j := newJournal(s)
	e, err := j.Encode(t.Context(), wrapperspb.Int64(1))
	if err != nil {
		t.Fatal(err)
	}
	a := eventstore.Append{Stream: "room-1", Command: command("01")}
	for range 2500 {
		a.Events = append(a.Events, e)
	}
	if _, err := s.Append(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if taken, version, err := eventstore.Load(t.Context(), j, room, "room-1"); taken != 2500 || version != 2500 || err != nil {
		t.Errorf("Load = %d, %d, %v; want 2500 of both", taken, version, err)
	}
}

func TestPolicyCommandIDTellsEffectsApart(t *testing.T) {
	t.Parallel()
	id := eventstore.PolicyCommandID("approval", "identity", 7, "case-1")
	if id != eventstore.PolicyCommandID("approval", "identity", 7, "case-1") {
		t.Error("a second delivery is another command")
	}
	for _, other := range []string{
		eventstore.PolicyCommandID("visitor", "identity", 7, "case-1"),
		eventstore.PolicyCommandID("approval", "policy", 7, "case-1"),
		eventstore.PolicyCommandID("approval", "identity", 8, "case-1"),
		eventstore.PolicyCommandID("approval", "identity", 7, "case-2"),
	} {
		if other == id {
			t.Error("two effects share a command id")
		}
	}
}

func TestDigestKeepsPartsApart(t *testing.T) {
	t.Parallel()
	if eventstore.Digest("ab", "c", "d", nil) == eventstore.Digest("a", "bc", "d", nil) {
		t.Error("parts run into each other")
	}
	if eventstore.Digest("a", "b", "c", []byte("d")) == eventstore.Digest("a", "b", "c", []byte("e")) {
		t.Error("the request does not count")
	}
}
