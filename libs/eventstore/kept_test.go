package eventstore_test

import (
	"errors"
	"testing"

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
