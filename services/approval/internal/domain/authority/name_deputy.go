package authority

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// NameDeputy lets somebody sign for a person for a time.
type NameDeputy struct {
	ID          string
	Of, Deputy  *approvalv1.Party
	From, Until time.Time
	Reason      string
	Now         time.Time
	// Others are the delegations of everybody else.
	Others []Delegation
}

// Longest is how long a delegation may hold. Identity refuses a longer absence
// with a deputy where HR hears of it: its LongestDeputy is the same time.
const Longest = 366 * 24 * time.Hour

// The refusals of a delegation.
var (
	// ErrOwnDeputy says that nobody represents themselves.
	ErrOwnDeputy = fault.New(fault.Invalid, "DEPUTY_SELF",
		"Nobody is their own deputy; name somebody else.", "不得指定本人为代理人，请另选他人。")
	// ErrTime says that the time is empty, past or too long.
	ErrTime = fault.New(fault.Invalid, "DEPUTY_TIME_INVALID",
		"A delegation ends after it begins, after now, and within a year; choose other dates.", "代理的结束时间须晚于开始时间和当前时间，且不超过一年，请重新选择。")
	// ErrNamedAlready says that the deputy is named for a part of that time.
	ErrNamedAlready = fault.New(fault.Refused, "DEPUTY_NAMED_ALREADY",
		"This deputy is named for a part of that time already; end that delegation first.", "该代理人在此期间已被指定，请先结束原代理。")
	// ErrCircle says that the deputy would be represented by the person.
	ErrCircle = fault.New(fault.Refused, "DEPUTY_CIRCLE",
		"At that time this deputy is represented by you, directly or through others; name somebody else.", "此期间该代理人直接或间接由您代理，将形成循环，请另选他人。")
)

func (c NameDeputy) decide(s State) ([]proto.Message, error) {
	if _, known := s.Delegations[c.ID]; known {
		return nil, nil
	}
	d := Delegation{Of: c.Of.GetPersonId(), To: c.Deputy.GetPersonId(), From: c.From, Until: c.Until}
	switch {
	case d.Of == d.To:
		return nil, ErrOwnDeputy
	case !c.Until.After(c.From), !c.Until.After(c.Now), c.Until.Sub(c.From) > Longest:
		return nil, ErrTime
	case d.closesCircle(c.Others):
		return nil, ErrCircle
	}
	for _, other := range s.Delegations {
		if d.overlaps(other) && other.To == d.To {
			return nil, ErrNamedAlready
		}
	}
	return []proto.Message{&approvalv1.DeputyNamed{
		PersonId: d.Of, EmployeeNumber: c.Of.GetEmployeeNumber(), DelegationId: c.ID, Deputy: c.Deputy,
		From: timestamppb.New(c.From), Until: timestamppb.New(c.Until), Reason: c.Reason,
	}}, nil
}

// closesCircle tells whether, at any instant of the delegation, a chain of the
// others leads from the deputy back to the person. Chains change only when a
// delegation begins, so those instants are looked at, each once.
func (d Delegation) closesCircle(others []Delegation) bool {
	if d.leadsBack(d.From, others) {
		return true
	}
	for _, o := range others {
		if d.holds(o.From) && d.leadsBack(o.From, others) {
			return true
		}
	}
	return false
}

// leadsBack tells whether a chain of the others leads from the deputy to the
// person at an instant.
func (d Delegation) leadsBack(at time.Time, others []Delegation) bool {
	seen, next := map[string]bool{d.To: true}, []string{d.To}
	for len(next) > 0 {
		of := next[0]
		next = next[1:]
		for _, o := range others {
			if o.Of != of || seen[o.To] || !o.holds(at) {
				continue
			}
			if o.To == d.Of {
				return true
			}
			seen[o.To] = true
			next = append(next, o.To)
		}
	}
	return false
}

// holds tells whether the delegation holds at an instant.
func (d Delegation) holds(at time.Time) bool { return !at.Before(d.From) && at.Before(d.Until) }

// overlaps tells whether two delegations hold at the same time.
func (d Delegation) overlaps(o Delegation) bool {
	return d.From.Before(o.Until) && o.From.Before(d.Until)
}
