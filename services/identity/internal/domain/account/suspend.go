package account

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// ModeDeparture is the suspension at the end of an employment.
const ModeDeparture = "departure"

// Suspend blocks the account at once (IDN-027). An account that is blocked or
// was never opened stays as it is.
type Suspend struct {
	Mode   string
	Reason string
}

func (c Suspend) decide(s State) ([]proto.Message, error) {
	if s.Status != Active && s.Status != Opened {
		return nil, nil
	}
	return []proto.Message{&identityv1.AccountSuspended{PersonId: s.PersonID, Account: s.Account, Mode: c.Mode, Reason: c.Reason}}, nil
}
