package clearance

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// Waive settles an item without its fact. It is an audit finding, hence the
// reason.
type Waive struct {
	Item   string
	Reason string
}

func (c Waive) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Status == None:
		return nil, ErrNoCase
	case !slices.Contains(s.Items, c.Item):
		return nil, ErrUnknownItem.With("item", c.Item)
	case strings.TrimSpace(c.Reason) == "":
		return nil, ErrReason
	case s.Settled[c.Item]:
		return nil, nil
	case s.Status == Closed:
		return nil, ErrClosed
	}
	return s.with(&identityv1.ClearanceWaived{
		PersonId: s.PersonID, EmployeeNumber: s.Number, CaseId: s.ID, Item: c.Item, Reason: c.Reason,
	}), nil
}
