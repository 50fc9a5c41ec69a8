package holdings

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// NotePost takes in the post of a person, as identity states it, and aligns the
// birthrights with it. Without a pack the post is noted all the same, so that a
// later pack reaches the person.
type NotePost struct {
	PersonID       string
	EmployeeNumber string
	Kind           string
	Position       string
	Unit           []string
	Attributes     map[string]string
	EffectiveAt    time.Time
	// SourcePosition is the position of identity's event.
	SourcePosition int64
	// Case is the clearance case of the transfer that this is; "" if none waits
	// for it.
	Case string
	// Pack is what the birthrights were derived by.
	Pack Pack
	// Birthrights are what the pack gives to exactly this post.
	Birthrights []Birthright
	// Duties are the pack's rules about what nobody holds together.
	Duties []DutyRule
}

// ErrNobody says that an event about a post does not say whose it is.
var ErrNobody = fault.New(fault.Invalid, "HOLDINGS_PERSON_MISSING",
	"The post names no person or no employee number; mend the event of identity.",
	"岗位事件缺少人员编号或工号，请修正身份服务的事件。")

func (c NotePost) decide(s State) ([]proto.Message, error) {
	if c.PersonID == "" || c.EmployeeNumber == "" {
		return nil, ErrNobody
	}
	if !s.newer(c.SourcePosition) {
		return nil, nil
	}
	post := &accessv1.PostNoted{
		PersonId: c.PersonID, EmployeeNumber: c.EmployeeNumber, Employed: true, Position: c.Position, Unit: c.Unit,
		Attributes: c.Attributes, Kind: c.Kind, EffectiveAt: timestamppb.New(c.EffectiveAt), SourcePosition: c.SourcePosition,
		CaseId: c.Case,
	}
	before := s
	events, reason := []proto.Message{post}, whatChanged(s.Post, post)
	if reason == ReasonTransfer {
		for _, e := range s.giveUp(c.EffectiveAt) {
			events, s = append(events, e), Evolve(s, e)
		}
	}
	if c.Pack.Version < s.PackVersion {
		// Derived by rules that are no longer in force: whoever brings this looks
		// at the pack again afterwards and realigns.
		return events, nil
	}
	return before.taking(append(events, s.align(change{
		post: post, pack: c.Pack, due: c.Birthrights, duties: c.Duties, reason: reason, at: c.EffectiveAt,
	})...)), nil
}

// giveUp takes what was asked for and given for another post, and withdraws what
// was still asked: at a transfer it must be asked for again (ACR-042, ACR-067).
func (s State) giveUp(at time.Time) []proto.Message {
	events := s.withdrawAll(WithdrawnByTransfer)
	for _, g := range s.live() {
		if g.Issued.GetKind() != KindBirthright {
			events = append(events, revoked(g, ReasonTransfer, g.Issued.GetRule(), 0, at))
		}
	}
	return events
}

// whatChanged says which part of the post gives rights or takes them away.
func whatChanged(from, to *accessv1.PostNoted) string {
	switch {
	case !from.GetEmployed():
		return ReasonEmployment
	case from.GetPosition() != to.GetPosition() || !slices.Equal(from.GetUnit(), to.GetUnit()):
		return ReasonTransfer
	case from.GetKind() != to.GetKind() || !maps.Equal(from.GetAttributes(), to.GetAttributes()):
		return ReasonAttribute
	default:
		return ReasonMatrix
	}
}
