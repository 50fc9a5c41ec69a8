// Package cases says which clearance case belongs to which departure: its id
// follows from the position of EmploymentEnded, so that everybody who reacts
// to the same departure finds the same case without asking.
package cases

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

// namespace is fixed for ever; changing it would lose the cases of departures
// that are under way.
var namespace = uuid.MustParse("0b7a5a3e-6d8e-5e0a-9a55-1d1f0a3c6e21")

// Of is the id of the case of the departure at a position.
func Of(position int64) string {
	return "cas_" + uuid.NewSHA1(namespace, fmt.Appendf(nil, "employment-ended %d", position)).String()
}

// Departure is the newest EmploymentEnded of a person that was recorded no
// later than an instant and stands before a position; nil if there is none.
func Departure(ctx context.Context, j *eventstore.Journal, number string, recorded time.Time, before int64) (*eventstore.Fact, error) {
	facts, err := j.Stream(ctx, person.Stream(number))
	if err != nil {
		return nil, err
	}
	for i := len(facts) - 1; i >= 0; i-- {
		f := facts[i]
		if _, ok := f.Message.(*identityv1.EmploymentEnded); ok && f.Position < before && !f.RecordedAt.After(recorded) {
			return &f, nil
		}
	}
	return nil, nil
}
