package account

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// NoticeGuessing writes down that sign-ins fail so often that further ones are
// slowed down. Of a name that is no account nothing is written.
type NoticeGuessing struct {
	KnownDevice bool
}

func (c NoticeGuessing) decide(s State) ([]proto.Message, error) {
	if s.Account == "" {
		return nil, nil
	}
	return []proto.Message{&identityv1.GuessingNoticed{PersonId: s.PersonID, Account: s.Account, KnownDevice: c.KnownDevice}}, nil
}
