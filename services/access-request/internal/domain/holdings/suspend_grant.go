package holdings

import (
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// SuspendGrant takes a right away for a while (ACR-070).
type SuspendGrant struct {
	GrantID string
	// By is the person who decides; "" for an account that is nobody's.
	By     string
	Reason string
	// Until is when the grant is reinstated by itself; zero: when somebody does.
	Until time.Time
	Now   time.Time
}

// The refusals of suspending and reinstating a grant.
var (
	ErrGrantNotFound = fault.New(fault.NotFound, "GRANT_NOT_FOUND",
		"There is no such grant; see 'ostiary access list' for the grants.", "没有此授权，可用 ostiary access list 查看授权编号。")
	ErrOwnGrant = fault.New(fault.Refused, "GRANT_OWN",
		"Nobody suspends or reinstates a grant of their own; let another access-admin decide.",
		"不能停用或恢复本人的授权，请由其他授权管理员处理。")
	ErrGrantReasonMissing = fault.New(fault.Invalid, "GRANT_REASON_MISSING",
		"Say why; whoever looks at the grant later reads it.", "请说明理由，供日后查阅。")
	ErrGrantReasonTooLong = fault.New(fault.Invalid, "GRANT_REASON_TOO_LONG",
		"A reason has at most 1000 characters.", "理由最多 1000 个字符。")
	ErrGrantEnded = fault.New(fault.Refused, "GRANT_ENDED",
		"This grant has ended; nothing of it can be suspended or come back. A new one can be asked for.",
		"该授权已终止，不能停用或恢复；如仍需要请重新申请。")
	ErrGrantSuspended = fault.New(fault.Refused, "GRANT_SUSPENDED_ALREADY",
		"This grant is suspended already; reinstate it, or leave it as it is.", "该授权已处于停用状态，可恢复或维持现状。")
	ErrSuspensionPeriod = fault.New(fault.Invalid, "SUSPENSION_UNTIL_PAST",
		"The end of a suspension must be later than now; leave it out to suspend until somebody reinstates the grant.",
		"停用截止时间须晚于当前；如需停用至人工恢复，请不要填写。")
)

func (c SuspendGrant) decide(s State) ([]proto.Message, error) {
	g, err := s.governed(c.GrantID, c.By, c.Reason, c.Now)
	switch {
	case err != nil:
		return nil, err
	case g.Suspended():
		return nil, ErrGrantSuspended.With("grant", c.GrantID)
	case !c.Until.IsZero() && !c.Until.After(c.Now):
		return nil, ErrSuspensionPeriod
	}
	e := &accessv1.GrantSuspended{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: c.GrantID, Account: g.Issued.GetAccount(),
		Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Reason: c.Reason, Target: g.Issued.GetTarget(),
		EffectiveAt: timestamppb.New(c.Now), Turn: g.Turn + 1,
	}
	if !c.Until.IsZero() {
		e.Until = timestamppb.New(c.Until)
	}
	return []proto.Message{e}, nil
}

// governed is a grant about which somebody decides, if it goes on, is not their
// own, and they say why.
func (s State) governed(id, by, reason string, now time.Time) (Grant, error) {
	g, ok := s.Grants[id]
	switch until := g.Issued.GetValidUntil(); {
	case !ok:
		return g, ErrGrantNotFound.With("grant", id)
	case by != "" && by == g.Issued.GetPersonId():
		return g, ErrOwnGrant
	case strings.TrimSpace(reason) == "":
		return g, ErrGrantReasonMissing
	case utf8.RuneCountInString(reason) > maxReason:
		return g, ErrGrantReasonTooLong
	case !g.Live(), until != nil && !now.Before(until.AsTime()):
		return g, ErrGrantEnded.With("grant", id)
	}
	return g, nil
}
