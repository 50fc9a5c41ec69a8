package authority

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Why a delegation is made by HR's word.
const (
	ReasonAbsence = "absence"
	// ReasonOpenAbsence: the absence has no end yet, the delegation has.
	ReasonOpenAbsence = "open_absence"
)

// Why a delegation ends before its time.
const (
	ReasonRecalled = "recalled" // by whoever is represented
	ReasonLeaver   = "leaver"   // one of both has left
	ReasonReturned = "returned" // the absence is over
	// ReasonCorrected: HR says something else of the same absence.
	ReasonCorrected = "corrected"
	// ReasonElapsed: the absence goes on and the longest time is over.
	ReasonElapsed = "elapsed"
)

// Depart ends every delegation from or to somebody who has left.
type Depart struct{ Person string }

func (c Depart) decide(s State) ([]proto.Message, error) {
	var events []proto.Message
	for _, id := range slices.Sorted(maps.Keys(s.Delegations)) {
		if d := s.Delegations[id]; d.Of == c.Person || d.To == c.Person {
			events = append(events, &approvalv1.DeputyEnded{
				PersonId: s.Person.GetPersonId(), EmployeeNumber: s.Person.GetEmployeeNumber(), DelegationId: id, Reason: ReasonLeaver,
			})
		}
	}
	return events, nil
}
