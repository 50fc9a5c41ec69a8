package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
)

// BeginGrant is said when the day of an approved request has come. What would
// be wrong by now is not given.
type BeginGrant struct {
	RequestID string
	GrantID   string
	Offer     *Offer
	Duties    []DutyRule
	Pack      Pack
	Now       time.Time
}

func (c BeginGrant) decide(s State) ([]proto.Message, error) {
	r, ok := s.Requests[c.RequestID]
	if !ok || r.Status != Approved || r.BeginsAt.IsZero() || c.Now.Before(r.BeginsAt) {
		return nil, nil
	}
	if no := s.objection(r, c.Offer, c.Duties, c.Now); no != nil {
		return []proto.Message{no}, nil
	}
	return s.give(r.Requested, c.Offer, c.GrantID, c.Pack, r.BeginsAt), nil
}
