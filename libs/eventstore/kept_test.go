package eventstore_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"
)

func TestKeptSeesWhatOthersWriteAndAnswersRepetitions(t *testing.T) {
	t.Parallel()
	j := newJournal(memory.New(clock.NewManual(start)))
	here, there := eventstore.NewKept(j, room, "room-1"), eventstore.NewKept(j, room, "room-1")
	enter := func(k *eventstore.Kept[int64, int64], id string, n int64) error {
		_, err := k.Execute(t.Context(), command(id), eventstore.Metadata{Actor: "E1"}, n)
		return err
	}
	if err := errors.Join(enter(here, "01", 1), enter(there, "02", 1), enter(here, "03", 1)); err != nil {
		t.Fatal(err)
	}
	if err := enter(there, "04", 1); !errors.Is(err, errFull) {
		t.Errorf("a fourth: %v, want %v", err, errFull)
	}
	if err := enter(there, "01", 1); err != nil {
		t.Errorf("a repetition was decided anew: %v", err)
	}
	if err := enter(here, "05", 0); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	for name, k := range map[string]*eventstore.Kept[int64, int64]{"here": here, "there": there} {
		seen := int64(0)
		if err := k.Look(t.Context(), func(s int64) { seen = s }); err != nil || seen != 3 {
			t.Errorf("%s sees %d, %v", name, seen, err)
		}
	}
	if s, v, err := eventstore.Load(t.Context(), j, room, "room-1"); err != nil || s != 3 || v != 3 {
		t.Errorf("the stream is %d at %d, %v", s, v, err)
	}
}

// guests is a state that changes in place, as that of a long stream may.
var guests = eventstore.Decider[map[int64]bool, int64]{
	Decide: func(_ map[int64]bool, guest int64) ([]proto.Message, error) {
		return []proto.Message{wrapperspb.Int64(guest)}, nil
	},
	Evolve: func(s map[int64]bool, m proto.Message) map[int64]bool {
		if s == nil {
			s = map[int64]bool{}
		}
		s[m.(*wrapperspb.Int64Value).GetValue()] = true
		return s
	},
}

// Whoever looks sees the state at rest, although it changes in place: without
// the lock the race detector ends this test.
func TestKeptShowsNoStateThatIsChanging(t *testing.T) {
	t.Parallel()
	k := eventstore.NewKept(newJournal(memory.New(clock.NewManual(start))), guests, "house-1")
	const commands = 200
	looked := make(chan error)
	go func() {
		for seen := 0; seen < commands; {
			if err := k.Look(t.Context(), func(s map[int64]bool) { seen = len(s) }); err != nil {
				looked <- err
				return
			}
		}
		looked <- nil
	}()
	for n := range int64(commands) {
		if _, err := k.Execute(t.Context(), command(fmt.Sprintf("%02x", n)), eventstore.Metadata{Actor: "E1"}, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-looked; err != nil {
		t.Error(err)
	}
}
