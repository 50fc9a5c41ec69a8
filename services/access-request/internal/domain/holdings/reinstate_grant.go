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
	ErrReinstatementAwaits = fault.New(fault.Refused, "REINSTATEMENT_DUTY_REMOVAL_PENDING",
		"A duty rule keeps this role apart from one that is still being taken away; reinstate it once the target has confirmed that that one is gone, see 'ostiary access list'.",
		"职责分离规则不允许同时持有此角色与正在收回的另一角色，请待目标系统确认收回后再恢复，可用 ostiary access list 查看。")
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
	if duty, other := s.awaits(c.Duties, g.role()); other != "" {
		return nil, ErrReinstatementAwaits.With("rule", duty).With("role", other)
	}
	return []proto.Message{reinstated(g, c.Reason, c.Now)}, nil
}

// EndSuspension is said when the time of a suspension is over, and when what it
// waits for may be gone. If a duty rule speaks against the right by then, it stays
// suspended, and that is recorded; it comes back by itself all the same if the rule
// speaks only of what is being taken away.
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
		return []proto.Message{keepsDown(g, duty, other, false)}, nil
	}
	if duty, other := s.awaits(c.Duties, g.role()); other != "" {
		if g.Awaits.GetRule() == duty && g.Awaits.GetHeld() == other {
			return nil, nil // on record
		}
		return []proto.Message{keepsDown(g, duty, other, true)}, nil
	}
	at := g.SuspendedUntil
	if g.Awaits != nil {
		at = c.Now
	}
	return []proto.Message{reinstated(g, ReasonSuspensionOver, at)}, nil
}

// keepsDown says that a duty rule speaks against a grant that should come back.
func keepsDown(g Grant, duty, held string, removing bool) *accessv1.GrantReinstatementWithheld {
	return &accessv1.GrantReinstatementWithheld{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: g.Issued.GetGrantId(),
		Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Reason: ReasonDutyRule, Rule: duty, Held: held, Removing: removing,
	}
}

// keptDown returns the holdings with a grant that stays suspended: until
// somebody reinstates it, or until what stands in its way is gone.
func (s State) keptDown(e *accessv1.GrantReinstatementWithheld) State {
	g := s.Grants[e.GetGrantId()]
	if e.GetRemoving() {
		g.Awaits = e
	} else {
		g.SuspendedUntil, g.Awaits = time.Time{}, nil
	}
	return s.with(e.GetGrantId(), g)
}

func reinstated(g Grant, reason string, at time.Time) *accessv1.GrantReinstated {
	return &accessv1.GrantReinstated{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: g.Issued.GetGrantId(),
		Account: g.Issued.GetAccount(), Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Reason: reason,
		Target: g.Issued.GetTarget(), EffectiveAt: timestamppb.New(at), Turn: g.Turn + 1,
	}
}

func (g Grant) role() string { return key(g.Issued.GetApplication(), g.Issued.GetRole()) }
