package hrfeed

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Reject is something that could not be read as an event.
type Reject struct {
	// Owner names the key that seals what was sent.
	Owner  string
	Source string
	Raw    string
	Why    *fault.Fault
}

func (c Reject) decide(State) ([]proto.Message, error) {
	return []proto.Message{quarantined(&identityv1.HrEventTaken{PersonId: c.Owner, Source: c.Source}, c.Raw, c.Why)}, nil
}

// Quarantine says that an event that was taken cannot be carried out.
type Quarantine struct {
	Event *identityv1.HrEventTaken
	Why   *fault.Fault
}

func (c Quarantine) decide(s State) ([]proto.Message, error) {
	if !s.open[c.Event.GetEventId()] {
		return nil, nil
	}
	return []proto.Message{quarantined(c.Event, "", c.Why)}, nil
}

// Apply says that an event that was taken has been carried out.
type Apply struct{ Event *identityv1.HrEventTaken }

func (c Apply) decide(s State) ([]proto.Message, error) {
	e := c.Event
	if !s.open[e.GetEventId()] {
		return nil, nil
	}
	return []proto.Message{&identityv1.HrEventApplied{
		Source: e.GetSource(), EventId: e.GetEventId(), Sequence: e.GetSequence(), Subject: e.GetSubject(), Verb: e.GetVerb(),
	}}, nil
}

// Retry has an event done again that is in quarantine.
type Retry struct{ Event *identityv1.HrEventTaken }

func (c Retry) decide(s State) ([]proto.Message, error) {
	if !s.quarantined[c.Event.GetEventId()] {
		return nil, ErrNotQuarantined.With("event", c.Event.GetEventId())
	}
	again := proto.CloneOf(c.Event)
	again.Retried = true
	return []proto.Message{again}, nil
}

func quarantined(e *identityv1.HrEventTaken, raw string, why *fault.Fault) *identityv1.HrEventQuarantined {
	return &identityv1.HrEventQuarantined{
		PersonId: e.GetPersonId(), Source: e.GetSource(), EventId: e.GetEventId(), Sequence: e.GetSequence(),
		Subject: e.GetSubject(), Verb: e.GetVerb(), Refusal: why.Reason, Message: why.Message, MessageZh: why.MessageZH, Raw: raw,
	}
}
