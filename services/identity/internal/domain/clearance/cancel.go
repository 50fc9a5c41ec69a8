package clearance

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// Cancel ends an open case that has become moot.
type Cancel struct {
	Reason string
}

func (c Cancel) decide(s State) ([]proto.Message, error) {
	if s.Status != Open {
		return nil, nil
	}
	return []proto.Message{&identityv1.ClearanceCancelled{PersonId: s.PersonID, EmployeeNumber: s.Number, CaseId: s.ID, Reason: c.Reason}}, nil
}
