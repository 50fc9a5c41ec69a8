package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// ReinstateGrant gives a suspended right back. It passes the screening again:
// the grant goes on, so the person works here, and no duty rule speaks against
// it (ACR-070).
type ReinstateGrant struct {
	GrantID string
	// By is the person who decides; "" for an account that is nobody's.
	By     string
	Reason string
	Duties []DutyRule
	Now    time.Time
}

// The refusals of reinstating a grant, beside those of suspending one.
var (
	ErrGrantNotSuspended = fault.New(fault.Refused, "GRANT_NOT_SUSPENDED",
		"This grant is not suspended; there is nothing to reinstate.", "该授权未被停用，无需恢复。")
	ErrReinstatementConflict = fault.New(fault.Refused, "REINSTATEMENT_DUTY_CONFLICT",
		"A duty rule keeps this role apart from one that the person has or is about to get; that one must go first.",
		"职责分离规则不允许同时持有此角色与已持有或即将生效的另一角色，须先收回后者。")
)

func (c ReinstateGrant) decide(s State) ([]proto.Message, error) {
	g, err := s.governed(c.GrantID, c.By, c.Reason, c.Now)
	switch {
	case err != nil:
		return nil, err
	case !g.Suspended():
		return nil, ErrGrantNotSuspended.With("grant", c.GrantID)
	}
	if duty, other := s.conflict(c.Duties, g.role(), Request.begins); other != "" {
		return nil, ErrReinstatementConflict.With("rule", duty).With("role", other)
	}
	return []proto.Message{reinstated(g, c.Reason, c.Now)}, nil
}

// EndSuspension is said when the time of a suspension is over. If a duty rule
// speaks against the right by then, it stays suspended, and that is recorded.
type EndSuspension struct {
	GrantID string
	Duties  []DutyRule
	Now     time.Time
}

// ReasonSuspensionOver is why a grant comes back by itself.
const ReasonSuspensionOver = "suspension_over"

func (c EndSuspension) decide(s State) ([]proto.Message, error) {
	g := s.Grants[c.GrantID]
	until := g.Issued.GetValidUntil()
	if !g.Suspended() || g.SuspendedUntil.IsZero() || c.Now.Before(g.SuspendedUntil) || until != nil && !c.Now.Before(until.AsTime()) {
		return nil, nil // reinstated, suspended anew, or at its end
	}
	if duty, other := s.conflict(c.Duties, g.role(), Request.begins); other != "" {
		return []proto.Message{&accessv1.GrantReinstatementWithheld{
			PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: c.GrantID,
			Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Reason: ReasonDutyRule, Rule: duty, Held: other,
		}}, nil
	}
	return []proto.Message{reinstated(g, ReasonSuspensionOver, g.SuspendedUntil)}, nil
}

func reinstated(g Grant, reason string, at time.Time) *accessv1.GrantReinstated {
	return &accessv1.GrantReinstated{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: g.Issued.GetGrantId(),
		Account: g.Issued.GetAccount(), Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Reason: reason,
		Target: g.Issued.GetTarget(), EffectiveAt: timestamppb.New(at), Turn: g.Turn + 1,
	}
}

func (g Grant) role() string { return key(g.Issued.GetApplication(), g.Issued.GetRole()) }
