package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// Expire is said when the time of a grant is over (ACR-060).
type Expire struct {
	GrantID string
	Now     time.Time
}

func (c Expire) decide(s State) ([]proto.Message, error) {
	g, ok := s.Grants[c.GrantID]
	until := g.Issued.GetValidUntil()
	if !ok || !g.Live() || until == nil || c.Now.Before(until.AsTime()) {
		return nil, nil // gone, or renewed
	}
	return []proto.Message{&accessv1.GrantExpired{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: c.GrantID, Account: g.Issued.GetAccount(),
		Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Target: g.Issued.GetTarget(), EffectiveAt: until,
		Turn: g.endingTurn(),
	}}, nil
}

// NoticeExpiry is said when a grant is about to end, in time to renew it.
type NoticeExpiry struct {
	GrantID string
	Now     time.Time
}

func (c NoticeExpiry) decide(s State) ([]proto.Message, error) {
	g, ok := s.Grants[c.GrantID]
	until := g.Issued.GetValidUntil()
	if !ok || !g.Live() || until == nil || g.NoticedUntil.Equal(until.AsTime()) || c.Now.Before(NoticeAt(g.Issued.GetEffectiveAt().AsTime(), until.AsTime())) || !c.Now.Before(until.AsTime()) {
		return nil, nil
	}
	return []proto.Message{&accessv1.GrantExpiryNoticed{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: c.GrantID,
		Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), ValidUntil: until,
	}}, nil
}

// longestNotice is how long before its end a long grant is noticed.
const longestNotice = 30 * 24 * time.Hour

// NoticeAt is when the end of a grant is noticed: thirty days before, or when
// three quarters of a shorter one are over.
func NoticeAt(begin, end time.Time) time.Time { return end.Add(-min(longestNotice, end.Sub(begin)/4)) }

// renewed is the grant with a later end. The decision as it was recorded stays;
// what counts from now on is the copy.
func (g Grant) renewed(until *timestamppb.Timestamp) Grant {
	g.Issued = proto.CloneOf(g.Issued)
	g.Issued.ValidUntil = until
	return g
}
