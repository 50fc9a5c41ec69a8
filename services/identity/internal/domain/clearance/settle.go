package clearance

import (
	"slices"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// Settle says that a fact has settled an item. On a case that is over, or for
// an item that is settled or was never asked for, it does nothing.
type Settle struct {
	Item   string
	Reason string
}

func (c Settle) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Status == None:
		return nil, ErrNoCase
	case s.Status == Closed, s.Settled[c.Item], !slices.Contains(s.Items, c.Item):
		return nil, nil
	}
	return s.with(s.recorded(c.Item, c.Reason)), nil
}

func (s State) recorded(item, reason string) *identityv1.ClearanceRecorded {
	return &identityv1.ClearanceRecorded{PersonId: s.PersonID, EmployeeNumber: s.Number, CaseId: s.ID, Item: item, Reason: reason}
}
