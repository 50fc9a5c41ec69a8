// Package cases says which clearance case belongs to which departure or
// transfer. The id follows from the position of what opens it, EmploymentEnded
// or HR's notice, so that everybody who reacts to the same departure finds the
// same case without asking; a transfer carries the id along.
package cases

import (
	"context"
	"fmt"
	"slices"
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

// OfNotice is the id of the case of the transfer that HR's event at a position
// gives notice of.
func OfNotice(position int64) string {
	return "cas_" + uuid.NewSHA1(namespace, fmt.Appendf(nil, "transfer-noticed %d", position)).String()
}

// Newest is the case that HR would close with its last entry: that of the
// newest departure of a person or of a transfer noticed since, withdrawn ones
// apart, as recorded no later than an instant and before a position; "" if
// there is none.
func Newest(ctx context.Context, j *eventstore.Journal, number string, recorded time.Time, before int64) (string, error) {
	facts, err := j.Stream(ctx, person.Stream(number))
	if err != nil {
		return "", err
	}
	withdrawn := map[string]bool{}
	for _, f := range slices.Backward(facts) {
		if f.Position >= before || f.RecordedAt.After(recorded) {
			continue
		}
		switch e := f.Message.(type) {
		case *identityv1.EmploymentEnded:
			return Of(f.Position), nil
		case *identityv1.TransferWithdrawn:
			withdrawn[e.GetCaseId()] = true
		case *identityv1.TransferNoticed:
			if !withdrawn[e.GetCaseId()] {
				return e.GetCaseId(), nil
			}
		}
	}
	return "", nil
}

// Transfers are the cases of the transfers that a person was noticed for in the
// employment that ended at a position.
func Transfers(ctx context.Context, j *eventstore.Journal, number string, ended int64) (ids []string, err error) {
	facts, err := j.Stream(ctx, person.Stream(number))
	if err != nil {
		return nil, err
	}
	for _, f := range slices.Backward(facts) {
		if f.Position >= ended {
			continue
		}
		switch e := f.Message.(type) {
		case *identityv1.EmploymentEnded:
			return ids, nil // that departure settled what was before
		case *identityv1.TransferNoticed:
			ids = append(ids, e.GetCaseId())
		}
	}
	return ids, nil
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
