package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
)

// BeginGrant is said when the day of an approved request has come, when what it
// waits for may be gone, and at its end. What would be wrong by now is not given;
// what would be wrong only until a removal is confirmed waits.
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
	if e, waits := s.delay(r, c.Duties); waits {
		if e == nil {
			return nil, nil
		}
		return []proto.Message{e}, nil
	}
	at := r.BeginsAt
	if r.Delayed != nil {
		at = c.Now
	}
	return s.give(r.Requested, c.Offer, c.GrantID, c.Pack, at), nil
}
