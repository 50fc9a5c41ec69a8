package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// Outcome is what became of the signatures.
type Outcome string

// The outcomes of a case.
const (
	OutcomeGranted   Outcome = "granted"
	OutcomeRefused   Outcome = "refused"
	OutcomeReturned  Outcome = "returned"
	OutcomePostponed Outcome = "postponed"
	OutcomeLapsed    Outcome = "lapsed"
	OutcomeNoSigner  Outcome = "no_signer"
	OutcomeOver      Outcome = "over" // its own end came first
)

// Why a request came to nothing, beside a signer's no.
const (
	ReasonDutyRule  = "duty_rule" // what is held by now forbids it
	ReasonCatalogue = "catalogue" // the role is not offered any more
	ReasonLate      = "late"      // its end has passed
)

// RecordOutcome takes in what became of the signatures. What was signed is
// given, unless it would be wrong by now: the screening is repeated where the
// rights are, so that of two requests that exclude each other at most one is
// given, whichever way they were signed.
type RecordOutcome struct {
	CaseID  string
	Outcome Outcome
	// Direct says that it was authorised directly.
	Direct bool
	// Comment is what the signer wrote.
	Comment string
	// Until is when a postponed case goes on.
	Until time.Time
	// GrantID is the id that the grant will have if one is issued.
	GrantID string
	// Offer is the role as the catalogue has it now; nil if it is gone.
	Offer  *Offer
	Duties []DutyRule
	Pack   Pack
	Now    time.Time
}

func (c RecordOutcome) decide(s State) ([]proto.Message, error) {
	r, ok := s.ofCase(c.CaseID)
	if !ok || !r.Open() {
		return nil, nil // withdrawn in the meantime, or known
	}
	q := r.Requested
	switch c.Outcome {
	case OutcomeGranted:
		return c.granted(s, r), nil
	case OutcomeReturned:
		return []proto.Message{&accessv1.AccessRequestReturned{
			PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), RequestId: q.GetRequestId(), Comment: c.Comment,
		}}, nil
	case OutcomePostponed:
		return []proto.Message{&accessv1.AccessRequestPostponed{
			PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), RequestId: q.GetRequestId(), Until: timestamppb.New(c.Until),
		}}, nil
	case OutcomeRefused, OutcomeLapsed, OutcomeNoSigner, OutcomeOver:
		return []proto.Message{refused(q, string(c.Outcome), c.Comment)}, nil
	}
	return nil, nil
}

// granted gives what was signed, now, on its day, or once what a duty rule keeps
// apart from it is gone: what was signed is not lost over a removal that is
// under way.
func (c RecordOutcome) granted(s State, r Request) []proto.Message {
	q := r.Requested
	if no := s.objection(r, c.Offer, c.Duties, c.Now); no != nil {
		return []proto.Message{no}
	}
	approved := &accessv1.AccessRequestApproved{
		PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), RequestId: q.GetRequestId(), CaseId: c.CaseID, Direct: c.Direct,
	}
	if from := q.GetValidFrom(); from != nil && from.AsTime().After(c.Now) {
		approved.BeginsAt = from
		return []proto.Message{approved}
	}
	if e, waits := s.delay(r, c.Duties); waits {
		approved.BeginsAt = timestamppb.New(c.Now)
		return []proto.Message{approved, e}
	}
	return append([]proto.Message{approved}, s.give(q, c.Offer, c.GrantID, c.Pack, c.Now)...)
}

// objection says why a request that was signed cannot be given.
func (s State) objection(r Request, offer *Offer, duties []DutyRule, now time.Time) proto.Message {
	switch duty, other := s.conflict(duties, r.role(), Request.begins); {
	case offer == nil:
		return refused(r.Requested, ReasonCatalogue, "")
	case !r.Requested.GetValidUntil().AsTime().After(now):
		return refused(r.Requested, ReasonLate, "")
	case other != "":
		return refused(r.Requested, ReasonDutyRule, duty+": "+other)
	}
	return nil
}

// give issues the grant, or lets the one go on that was to be renewed. If that
// one is gone by now, a new one takes its place.
func (s State) give(q *accessv1.AccessRequested, offer *Offer, id string, pack Pack, at time.Time) []proto.Message {
	if g, ok := s.holds(key(q.GetApplication(), q.GetRole())); ok {
		if end := g.Issued.GetValidUntil(); end == nil || !q.GetValidUntil().AsTime().After(end.AsTime()) {
			// A birthright by now, or renewed for longer.
			return []proto.Message{&accessv1.AccessRequestFulfilled{
				PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), RequestId: q.GetRequestId(), GrantId: g.Issued.GetGrantId(),
			}}
		}
		return []proto.Message{&accessv1.GrantRenewed{
			PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), GrantId: g.Issued.GetGrantId(), Application: q.GetApplication(),
			Role: q.GetRole(), ValidUntil: q.GetValidUntil(), RequestId: q.GetRequestId(), BeganAt: g.Issued.GetEffectiveAt(),
			Suspended: g.Suspended(),
		}}
	}
	return []proto.Message{&accessv1.GrantIssued{
		PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), GrantId: id, Account: q.GetEmployeeNumber(),
		Application: q.GetApplication(), Role: q.GetRole(), Kind: offer.kind(), EffectiveAt: timestamppb.New(at), ValidUntil: q.GetValidUntil(),
		Reason: q.GetReason(), Rule: q.GetNumber(), Target: offer.Target, PackVersion: pack.Version, RequestId: q.GetRequestId(),
	}}
}

func refused(q *accessv1.AccessRequested, reason, detail string) *accessv1.AccessRequestRefused {
	return &accessv1.AccessRequestRefused{
		PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), RequestId: q.GetRequestId(), Reason: reason, Detail: detail,
	}
}

// ofCase finds the request that is signed in a case.
func (s State) ofCase(id string) (Request, bool) {
	for _, r := range s.Requests {
		if r.Case == id {
			return r, true
		}
	}
	return Request{}, false
}
