package snapshot

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// State is one snapshot.
type State struct {
	// Changes is how many were taken in.
	Changes int
	// Accepted is set once the changes hold.
	Accepted *identityv1.HrSnapshotAccepted
	// Held is set if the snapshot was not taken.
	Held *identityv1.HrSnapshotHeld
	// Applied is set once every change was carried out.
	Applied *identityv1.HrSnapshotApplied
}

// Command is one of TakeIn, Accept, Hold and Finish.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// ErrOutOfOrder says that a step does not follow on what was done; a defect of
// the caller.
var ErrOutOfOrder = fault.New(fault.Conflict, "HR_SNAPSHOT_OUT_OF_ORDER",
	"This snapshot is past that step; import the file again.",
	"该快照已越过此步骤，请重新导入文件。")

// Decider is the behaviour of a snapshot.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where a snapshot is.
func Stream(id string) string { return "snapshot-" + id }

// Decide says what happens when the command meets the snapshot.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the snapshot after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *identityv1.HrChangeTaken:
		s.Changes++
	case *identityv1.HrSnapshotAccepted:
		s.Accepted = e
	case *identityv1.HrSnapshotHeld:
		s.Held = e
	case *identityv1.HrSnapshotApplied:
		s.Applied = e
	}
	return s
}

// TakeIn keeps changes; they have no effect yet.
type TakeIn struct {
	Changes []*identityv1.HrChangeTaken
}

func (c TakeIn) decide(s State) ([]proto.Message, error) {
	if s.Accepted != nil || s.Held != nil {
		return nil, ErrOutOfOrder
	}
	events := make([]proto.Message, len(c.Changes))
	for i, change := range c.Changes {
		events[i] = change
	}
	return events, nil
}

// Accept makes the changes hold. It names how many there are: a snapshot that
// was taken in only in part cannot be accepted.
type Accept struct {
	Summary *identityv1.HrSnapshotAccepted
}

func (c Accept) decide(s State) ([]proto.Message, error) {
	changes := c.Summary.GetJoiners() + c.Summary.GetMovers() + c.Summary.GetLeavers()
	if s.Accepted != nil || s.Held != nil || int(changes) != s.Changes {
		return nil, ErrOutOfOrder
	}
	return []proto.Message{c.Summary}, nil
}

// Hold keeps the snapshot from being taken.
type Hold struct {
	Held *identityv1.HrSnapshotHeld
}

func (c Hold) decide(s State) ([]proto.Message, error) {
	if s.Changes > 0 || s.Accepted != nil {
		return nil, ErrOutOfOrder
	}
	if s.Held != nil {
		return nil, nil
	}
	return []proto.Message{c.Held}, nil
}

// Finish says that every change was carried out, scheduled or refused.
type Finish struct {
	Applied *identityv1.HrSnapshotApplied
}

func (c Finish) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Accepted == nil:
		return nil, ErrOutOfOrder
	case s.Applied != nil:
		return nil, nil
	}
	return []proto.Message{c.Applied}, nil
}
