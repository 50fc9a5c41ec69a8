package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

// dueName is the durable identity of the deadlines. Never rename it: old ones
// would act again.
const dueName = "when_day_comes_carry_out_plan"

// WhenDayComesCarryOutPlan starts, moves and ends employments on their day.
func WhenDayComesCarryOutPlan(p *servicekit.Platform) *projection.Deadlines {
	return &projection.Deadlines{
		Derive: func(f eventstore.Fact) []projection.DueChange { return plans(f.Stream, f.Message) },
		Do: func(ctx context.Context, d projection.Due) error {
			planned, err := p.Journal.Store.ReadAll(ctx, d.Position-1, 1)
			if err != nil {
				return fmt.Errorf("read the plan at %d: %w", d.Position, err)
			}
			if len(planned) == 0 {
				return fmt.Errorf("read the plan at %d: it is not there", d.Position)
			}
			f, err := eventstore.Decode(p.Service, planned[0])
			if err != nil {
				return err
			}
			id := eventstore.PolicyCommandID(dueName, p.Service, d.Position, d.Stream)
			command := eventstore.Command{ID: id, Digest: eventstore.Digest(dueName, d.Stream, p.Service, []byte(id))}
			_, err = eventstore.Execute(ctx, p.Journal, person.Decider, d.Stream, command, messaging.CausedBy(p.Service, f),
				person.Command(person.CarryOut{Now: p.Clock.Now()}))
			return err
		},
	}
}

// plans are the deadlines that an event sets or clears. A move that happened
// before its planned day clears nothing: the plan may still be ahead, and if it
// is not, carrying it out does nothing.
func plans(stream string, event proto.Message) []projection.DueChange {
	set := func(kind string, at *timestamppb.Timestamp) []projection.DueChange {
		return []projection.DueChange{{Stream: stream, Kind: kind, At: at.AsTime()}}
	}
	clear := func(kinds ...string) (changes []projection.DueChange) {
		for _, k := range kinds {
			changes = append(changes, projection.DueChange{Stream: stream, Kind: k})
		}
		return changes
	}
	switch e := event.(type) {
	case *identityv1.EmploymentPlanned:
		return set(person.DueStart, e.GetStartsAt())
	case *identityv1.EmploymentPlanWithdrawn, *identityv1.EmploymentStarted:
		return clear(person.DueStart)
	case *identityv1.PostChangePlanned:
		return set(person.DueMove, e.GetStartsAt())
	case *identityv1.DepartureAnnounced:
		return set(person.DueEnd, e.GetEndsAt())
	case *identityv1.DepartureWithdrawn:
		return clear(person.DueEnd)
	case *identityv1.EmploymentEnded:
		return clear(person.DueMove, person.DueEnd)
	}
	return nil
}
