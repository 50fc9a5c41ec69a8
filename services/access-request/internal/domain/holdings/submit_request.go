package holdings

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// SubmitRequest asks for a role, or for a grant to go on longer. What fails the
// screening is refused; what passes asks for signatures (ACR-039, ACR-057).
type SubmitRequest struct {
	RequestID string
	Number    string
	CaseID    string
	// Requester is who asks.
	RequesterID, RequesterNumber string
	// Offer is the role as the catalogue has it; nil if it has none of this name.
	Offer *Offer
	// Application and Role are what was asked for.
	Application, Role string
	Reason            string
	// From is the first instant wanted; zero: from the decision on.
	From time.Time
	// Until is the last instant wanted, exclusive.
	Until  time.Time
	Duties []DutyRule
	Pack   Pack
	Now    time.Time
	// Zone writes the days that signers are shown.
	Zone *time.Location
}

// AskKind is what approval calls our cases.
const AskKind = "access_request"

// maxReason is how many characters a reason may have.
const maxReason = 1000

// The refusals of a request.
var (
	ErrRoleNotOffered = fault.New(fault.NotFound, "ROLE_NOT_OFFERED",
		"The catalogue has no such role; see 'ostiary request roles' for what can be asked for.",
		"权限目录中没有此角色，可用 ostiary request roles 查看可申请的角色。")
	ErrNotEmployed = fault.New(fault.Refused, "REQUEST_PERSON_NOT_EMPLOYED",
		"Nobody gets a right who does not work here now; ask when the employment has begun.",
		"该人员当前不在职，入职后方可申请。")
	ErrReasonMissing = fault.New(fault.Invalid, "REQUEST_REASON_MISSING",
		"Say what the right is needed for; signers decide by it.", "请说明申请用途，签批人据此决定。")
	ErrReasonTooLong = fault.New(fault.Invalid, "REQUEST_REASON_TOO_LONG",
		"A reason has at most 1000 characters.", "理由最多 1000 个字符。")
	ErrPeriod = fault.New(fault.Invalid, "REQUEST_PERIOD_INVALID",
		"The end must be later than now and than the beginning.", "结束时间须晚于现在且晚于开始时间。")
	ErrPeriodTooLong = fault.New(fault.Refused, "REQUEST_PERIOD_TOO_LONG",
		"The role is not granted for so long; ask for an end up to the one given as latest and renew then.",
		"该角色的授权期限不允许这么长，请以 latest 为最晚结束时间，到期前可续期。")
	ErrRequestOpen = fault.New(fault.Refused, "REQUEST_ALREADY_OPEN",
		"This role is asked for already; wait for that request or withdraw it.", "该角色已有申请在审批中，请等待其结果或先撤回。")
	ErrHeldAlready = fault.New(fault.Refused, "REQUEST_HELD_ALREADY",
		"The person has this role until then at least; ask for a later end to renew it.", "该人员已持有此角色且期限不短于所申请，如需续期请申请更晚的结束时间。")
	ErrDutyAwaits = fault.New(fault.Refused, "REQUEST_DUTY_REMOVAL_PENDING",
		"A duty rule keeps this role apart from one that is still being taken away; ask once the target has confirmed that that one is gone, see 'ostiary access list'.",
		"职责分离规则不允许同时持有此角色与正在收回的另一角色，请待目标系统确认收回后再申请，可用 ostiary access list 查看。")
	ErrDutyConflict = fault.New(fault.Refused, "REQUEST_DUTY_CONFLICT",
		"A duty rule keeps this role apart from one that the person has or is asking for; give that up first.",
		"职责分离规则不允许同时持有此角色与已持有或申请中的另一角色，请先放弃后者。")
)

func (c SubmitRequest) decide(s State) ([]proto.Message, error) {
	role := key(c.Application, c.Role)
	switch {
	case c.Offer == nil:
		return nil, ErrRoleNotOffered.With("role", role)
	case !s.Employed():
		return nil, ErrNotEmployed
	case strings.TrimSpace(c.Reason) == "":
		return nil, ErrReasonMissing
	case utf8.RuneCountInString(c.Reason) > maxReason:
		return nil, ErrReasonTooLong
	case !c.Until.After(c.Now) || !c.Until.After(c.From):
		return nil, ErrPeriod
	case c.Until.After(c.Offer.Latest):
		return nil, ErrPeriodTooLong.With("latest", c.Offer.Latest.Format(time.RFC3339))
	}
	for _, r := range s.sorted(Request.coming) {
		if r.role() == role {
			return nil, ErrRequestOpen.With("number", r.Requested.GetNumber())
		}
	}
	renews := ""
	if g, ok := s.holds(role); ok {
		end := g.Issued.GetValidUntil()
		if end == nil || !c.Until.After(end.AsTime()) {
			return nil, ErrHeldAlready.With("role", role)
		}
		renews = g.Issued.GetGrantId()
	}
	if duty, other := s.conflict(c.Duties, role, Request.coming); other != "" {
		return nil, ErrDutyConflict.With("rule", duty).With("role", other)
	}
	if duty, other := s.awaits(c.Duties, role); other != "" {
		return nil, ErrDutyAwaits.With("rule", duty).With("role", other)
	}
	requested := &accessv1.AccessRequested{
		PersonId: s.Post.GetPersonId(), EmployeeNumber: s.Post.GetEmployeeNumber(), RequestId: c.RequestID, Number: c.Number,
		RequesterId: c.RequesterID, RequesterNumber: c.RequesterNumber, Application: c.Application, Role: c.Role, Reason: c.Reason,
		ValidUntil: timestamppb.New(c.Until), Renews: renews, PackVersion: c.Pack.Version,
	}
	if c.From.After(c.Now) && renews == "" {
		requested.ValidFrom = timestamppb.New(c.From)
	}
	return []proto.Message{requested, &accessv1.AccessApprovalRequired{
		PersonId: requested.GetPersonId(), EmployeeNumber: requested.GetEmployeeNumber(), RequestId: c.RequestID, Ask: c.ask(s, requested),
	}}, nil
}

// ask is what the signers are shown.
func (c SubmitRequest) ask(s State, r *accessv1.AccessRequested) *approvalv1.Ask {
	a := &approvalv1.Ask{
		CaseId: c.CaseID, Kind: AskKind, Number: c.Number,
		Requester:   &approvalv1.Party{PersonId: c.RequesterID, EmployeeNumber: c.RequesterNumber},
		Beneficiary: &approvalv1.Party{PersonId: r.GetPersonId(), EmployeeNumber: r.GetEmployeeNumber()},
		Post: &approvalv1.Post{
			Unit: slices.Clone(s.Post.GetUnit()), Position: s.Post.GetPosition(), Kind: s.Post.GetKind(), Attributes: s.Post.GetAttributes(),
		},
		Role: &approvalv1.Role{
			Application: c.Application, Role: c.Role, Level: c.Offer.Level, Privileged: c.Offer.Privileged, Owner: c.Offer.Owner,
		},
	}
	a.NeededUntil = r.GetValidUntil()
	show := func(zh, en, value string) {
		if value != "" {
			a.Shown = append(a.Shown, &approvalv1.ShownLine{LabelZh: zh, Label: en, Value: value})
		}
	}
	show("申请单号", "Request", c.Number)
	show("申请角色", "Role", key(c.Application, c.Role))
	show("角色名称", "Title", c.Offer.TitleZH)
	show("权限级别", "Level", c.Offer.Level)
	if c.Offer.Privileged {
		show("特权", "Privileged", "privileged")
	}
	show("使用人", "For", r.GetEmployeeNumber())
	show("部门", "Unit", strings.Join(s.Post.GetUnit(), " / "))
	show("岗位", "Position", s.Post.GetPosition())
	show("申请人", "Asked by", c.RequesterNumber)
	if r.GetValidFrom() != nil {
		show("开始", "From", beginning(c.From.In(c.Zone)))
	}
	show("结束", "Until", end(c.Until.In(c.Zone)))
	if r.GetRenews() != "" {
		show("续期的授权", "Renews", r.GetRenews())
	}
	show("理由", "Reason", c.Reason)
	a.Digest = digest(a)
	return a
}

// beginning and end are the bounds of a grant as people write them: whole days
// as such.
func beginning(t time.Time) string {
	if midnight(t) {
		return t.Format("2006-01-02 15:04")
	}
	return t.Format(time.RFC3339)
}

func end(t time.Time) string {
	if midnight(t) {
		return t.AddDate(0, 0, -1).Format(time.DateOnly) + " 24:00"
	}
	return t.Format(time.RFC3339)
}

func midnight(t time.Time) bool {
	return t.Equal(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location()))
}

// digest is the SHA-256 over the lines that are shown, each with its length, so
// that no two forms have the same.
func digest(a *approvalv1.Ask) string {
	h := sha256.New()
	for _, l := range a.GetShown() {
		for _, text := range []string{l.GetLabel(), l.GetValue()} {
			n := len(text)
			h.Write([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
			h.Write([]byte(text))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
