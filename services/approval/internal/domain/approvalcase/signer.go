package approvalcase

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Signer is who decides, as the credential and the organisation say at this
// moment.
type Signer struct {
	Party *approvalv1.Party
	// Employed tells whether the person still works here.
	Employed bool
	// ActsFor are the people for whom the person may sign now as a deputy,
	// directly or through other deputies.
	ActsFor []string
}

// Signing is what every decision of a signer brings.
type Signing struct {
	Signer  Signer
	Comment string
	// Digest is that of what the signer was shown.
	Digest string
	// PackDigest is that of the pack in force.
	PackDigest string
	// Seats are those of the step as they would be given at this moment, and
	// Escalation who else may sign it late: whoever has lost an authority since
	// the step began signs nothing by it. Step is the one that they were found
	// for. Without Seats the case is taken as it stands.
	Step       int32
	Seats      []*approvalv1.Seat
	Escalation *approvalv1.Seat
	Now        time.Time
}

// maxComment is how many characters a comment may have.
const maxComment = 1000

// The refusals of a decision.
var (
	// ErrClosed says that the case has its outcome.
	ErrClosed = fault.New(fault.Refused, "APPROVAL_CLOSED",
		"This case is decided; nothing can be signed any more.", "该审批已有结果，不能再签批。")
	// ErrOver says that what is asked for would be over.
	ErrOver = fault.New(fault.Refused, "APPROVAL_OVER",
		"What was asked for has ended by itself before it was signed; nothing can be signed any more. Whoever still needs it asks again.",
		"所申请的期限在签批完成前已过，不能再签批；仍有需要请重新申请。")
	// ErrPostponed says that the case rests.
	ErrPostponed = fault.New(fault.Refused, "APPROVAL_POSTPONED",
		"This case is postponed; it can be decided when that day has come.", "该审批已延期，到期后方可签批。")
	// ErrSignerLeft says that the signer no longer works here.
	ErrSignerLeft = fault.New(fault.Refused, "SIGNER_LEFT",
		"Whoever has left signs nothing.", "已离职人员不能签批。")
	// ErrOwnMatter says that somebody would decide about the own matter.
	ErrOwnMatter = fault.New(fault.Refused, "SIGNER_OWN_MATTER",
		"Nobody decides about what they asked for or are to receive; another signer must decide.",
		"不得审批本人提出或由本人受益的申请，须由其他签批人决定。")
	// ErrSignedAlready says that the person has filled a seat of this step.
	ErrSignedAlready = fault.New(fault.Refused, "SIGNER_SIGNED_ALREADY",
		"You have signed this step; a second signature must come from somebody else.", "您已签过本步骤，另一签名须由他人作出。")
	// ErrNotSigner says that the person holds no open seat.
	ErrNotSigner = fault.New(fault.Refused, "SIGNER_NOT_ENTITLED",
		"This step is not yours to sign, neither by your own authority nor as a deputy.", "该步骤不由您签批，您也不是有效代理人。")
	// ErrChanged says that the signer saw something else.
	ErrChanged = fault.New(fault.Conflict, "APPROVAL_CHANGED",
		"What you were shown is not what is to be signed; look at the case again.", "您看到的内容与待签内容不一致，请重新查看后再签批。")
	// ErrDigestMissing says that nobody can know what the signer saw.
	ErrDigestMissing = fault.New(fault.Invalid, "APPROVAL_DIGEST_MISSING",
		"Say what you sign: look at the case and send the digest that it shows.", "请说明所签内容：先查看该审批，并提交其显示的摘要（digest）。")
	// ErrReasonMissing says that a decision needs a reason.
	ErrReasonMissing = fault.New(fault.Invalid, "APPROVAL_REASON_MISSING",
		"Say why with a reason; whoever asked must understand the decision.", "请填写理由，使申请人了解决定原因。")
	// ErrReasonLong says that a reason is too long.
	ErrReasonLong = fault.New(fault.Invalid, "APPROVAL_REASON_TOO_LONG",
		"A reason has at most 1000 characters.", "理由最多 1000 个字符。")
)

// asNow is the case with the signers of this moment, and the events that say
// so.
func (c Signing) asNow(s State) (State, []proto.Message) {
	if c.Seats == nil || c.Step != s.Step || s.Status != Open {
		return s, nil
	}
	return Reassign{Step: s.Step, Seats: c.Seats, Escalation: c.Escalation, Cause: CauseAuthority}.reseat(s)
}

// may checks whatever every decision needs, and finds the seat that the signer
// fills: a seat of the own before one as a deputy, and one of the step before
// one by escalation. A seat that others need less goes before all of that:
// whoever could fill two seats must not take the one that leaves the other
// without anybody.
func (c Signing) may(s State) (seat int32, signature *approvalv1.Signature, err error) {
	if err := c.admitted(s); err != nil {
		return 0, nil, err
	}
	if s.Status == Postponed {
		return 0, nil, ErrPostponed.With("until", s.Until.Format(time.RFC3339))
	}
	if c.Seats != nil && c.Step != s.Step {
		return 0, nil, ErrChanged // somebody was faster
	}
	me := c.Signer.Party.GetPersonId()
	for _, sig := range s.Filled {
		if sig.GetSigner().GetPersonId() == me {
			return 0, nil, ErrSignedAlready
		}
	}
	found := false
	// take notes a seat; it tells whether no better one need be looked for.
	take := func(i int32, authority string, holder *approvalv1.Party) bool {
		good := s.leaves(i, c.Signer.Party)
		if !found || good {
			seat, signature, found = i, c.by(c.signature(), authority, holder), true
		}
		return good
	}
	for _, mine := range []func(*approvalv1.Party) bool{
		func(h *approvalv1.Party) bool { return h.GetPersonId() == me },
		func(h *approvalv1.Party) bool {
			return slices.Contains(c.Signer.ActsFor, h.GetPersonId()) && !s.barred(h.GetPersonId())
		},
	} {
		for i, of := range s.Seats {
			at := slices.IndexFunc(of.GetHolders(), mine)
			if at < 0 || s.Filled[int32(i)] != nil {
				continue
			}
			if take(int32(i), of.GetBy(), of.GetHolders()[at]) {
				return seat, signature, nil
			}
		}
		if at := slices.IndexFunc(s.Escalation.GetHolders(), mine); at >= 0 {
			for i := range s.Seats {
				if s.Filled[int32(i)] == nil && take(int32(i), "escalation:"+s.Escalation.GetBy(), s.Escalation.GetHolders()[at]) {
					return seat, signature, nil
				}
			}
		}
	}
	if !found {
		return 0, nil, ErrNotSigner
	}
	return seat, signature, nil
}

// admitted checks what even a direct authorisation needs.
func (c Signing) admitted(s State) error {
	switch {
	case c.Digest == "":
		return ErrDigestMissing
	case !s.Waiting():
		return ErrClosed
	case s.over(c.Now):
		return ErrOver.With("until", s.ask().GetNeededUntil().AsTime().Format(time.RFC3339))
	case !c.Signer.Employed:
		return ErrSignerLeft
	case s.barred(c.Signer.Party.GetPersonId()):
		return ErrOwnMatter
	case c.Digest != s.ask().GetDigest():
		return ErrChanged
	case utf8.RuneCountInString(c.Comment) > maxComment:
		return ErrReasonLong
	}
	return nil
}

// reasoned checks that a comment says something.
func (c Signing) reasoned() error {
	if strings.TrimSpace(c.Comment) == "" {
		return ErrReasonMissing
	}
	return nil
}

func (c Signing) signature() *approvalv1.Signature {
	return &approvalv1.Signature{
		Signer: c.Signer.Party, Comment: c.Comment, Digest: c.Digest, PackDigest: c.PackDigest, At: timestamppb.New(c.Now),
	}
}

// by completes a signature with the authority, and with the holder if a deputy
// signs.
func (c Signing) by(s *approvalv1.Signature, authority string, holder *approvalv1.Party) *approvalv1.Signature {
	s.By = authority
	if holder.GetPersonId() != c.Signer.Party.GetPersonId() {
		s.OnBehalfOf = holder
	}
	return s
}
