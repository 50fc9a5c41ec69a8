package messaging

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Policy is one "when x then y": it reacts to events of a source with commands
// to its own service.
type Policy struct {
	// Name is the durable identity from which command ids are derived. Never
	// rename it: old deliveries would act again.
	Name string
	// Source is the service that owns the events; it may be the own one.
	Source string
	// On lists the events that matter, as empty messages.
	On []proto.Message
	// Do carries the consequence out. It is called once or more for each
	// event, in order within a stream of the source, concurrently across
	// streams. Its commands take their id from
	// eventstore.PolicyCommandID(Name, …), so a repetition is harmless. A
	// fault of kind Unavailable, a lost connection or a cancelled context is
	// repeated; any other error parks the event.
	Do func(ctx context.Context, f eventstore.Fact) error
}

// Command returns the id and digest of a policy's effect on a stream.
func (p Policy) Command(f eventstore.Fact, stream string) eventstore.Command {
	id := eventstore.PolicyCommandID(p.Name, f.Service, f.Position, stream)
	return eventstore.Command{ID: id, Digest: eventstore.Digest(p.Name, stream, f.Service, []byte(id))}
}

// CausedBy returns the metadata of an effect: the service acts, the event is
// the cause, the correlation goes on.
func CausedBy(service string, f eventstore.Fact) eventstore.Metadata {
	return eventstore.Metadata{
		Actor:         "service:" + service,
		CorrelationID: f.CorrelationID,
		Causation:     f.Cause(),
		Trace:         f.Trace,
	}
}
