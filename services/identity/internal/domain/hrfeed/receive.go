package hrfeed

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// Receive is an event of the source that could be read.
type Receive struct {
	// Event is what is written when it is its turn.
	Event *identityv1.HrEventTaken
	// Raw is what was sent, kept if its number is another's.
	Raw string
}

func (c Receive) decide(s State) ([]proto.Message, error) {
	e := c.Event
	if number, ok := s.number(e.GetEventId()); ok {
		return []proto.Message{&identityv1.HrEventRepeated{
			Source: e.GetSource(), EventId: e.GetEventId(), Sequence: number, Subject: e.GetSubject(),
		}}, nil
	}
	switch {
	case e.GetSequence() <= s.last:
		return []proto.Message{quarantined(e, c.Raw, ErrSequenceReused)}, nil
	case e.GetSequence() == s.Next():
		return []proto.Message{e}, nil
	case s.gap == s.Next():
		return nil, nil // told already; the caller lets the event wait
	}
	return []proto.Message{&identityv1.HrGapFound{
		Source: e.GetSource(), NextSequence: s.Next(), Sequence: e.GetSequence(), EventId: e.GetEventId(), Subject: e.GetSubject(),
	}}, nil
}

// Repeat is an event that waits for its turn and came again.
type Repeat struct{ Event *identityv1.HrEventTaken }

func (c Repeat) decide(State) ([]proto.Message, error) {
	e := c.Event
	return []proto.Message{&identityv1.HrEventRepeated{
		Source: e.GetSource(), EventId: e.GetEventId(), Sequence: e.GetSequence(), Subject: e.GetSubject(),
	}}, nil
}
