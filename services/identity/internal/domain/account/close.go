package account

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// Close ends a suspended account. An account that is in use is not closed: its
// person came back while the closing was on its way.
type Close struct {
	Reason string
}

func (c Close) decide(s State) ([]proto.Message, error) {
	if s.Status != Suspended {
		return nil, nil
	}
	return []proto.Message{&identityv1.AccountClosed{PersonId: s.PersonID, Account: s.Account, Reason: c.Reason}}, nil
}
