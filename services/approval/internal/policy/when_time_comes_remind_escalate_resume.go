package policy

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/projection"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
)

// timeName is the durable identity of the deadlines. Never rename it: old ones
// would act again.
const timeName = "when_time_comes_remind_escalate_resume"

// The kinds of deadlines of a case.
const (
	remind = "remind" // those who have not signed are reminded
	late   = "late"   // the step is escalated, or the case lapses
	resume = "resume" // a postponed case goes on
	over   = "over"   // what is asked for would be over, and lapses
)

// elapse begins the kind of the deadline of a deputy whose absence has no end;
// the delegation follows.
const elapse = "elapse "

// WhenTimeComesRemindEscalateResume reminds, escalates and lets lapse what
// waits, goes on with what was postponed (APR-010), and says when the longest time
// of a deputy is over (APR-011).
func WhenTimeComesRemindEscalateResume(c *Cases) *projection.Deadlines {
	return &projection.Deadlines{
		Derive: func(f eventstore.Fact) []projection.DueChange { return waits(f.Stream, f.Message) },
		Do:     c.timeComes,
	}
}

func (c *Cases) timeComes(ctx context.Context, d projection.Due) error {
	set, err := c.Journal.Store.ReadAll(ctx, d.Position-1, 1)
	if err != nil {
		return fmt.Errorf("read the event at %d: %w", d.Position, err)
	}
	if len(set) == 0 {
		return fmt.Errorf("read the event at %d: it is not there", d.Position)
	}
	f, err := eventstore.Decode(c.Service, set[0])
	if err != nil {
		return err
	}
	if delegation, ok := strings.CutPrefix(d.Kind, elapse); ok {
		return c.elapse(ctx, d, f, delegation)
	}
	id := strings.TrimPrefix(d.Stream, "case-")
	s, err := c.Load(ctx, id)
	if err != nil || !s.Waiting() {
		return err
	}
	rules, err := c.Packs.Current(ctx)
	if err != nil {
		return err
	}
	due, err := c.due(ctx, d.Kind, s, rules)
	if err != nil {
		return err
	}
	by := c.onTime(d)
	m := messaging.CausedBy(c.Service, f)
	m.PolicyDigest = rules.Digest
	if err := c.decide(ctx, id, by, m, due); err != nil || d.Kind == remind {
		return err
	}
	return c.Follow(ctx, id, by, m)
}

// onTime is the command that a deadline gives.
func (c *Cases) onTime(d projection.Due) eventstore.Command {
	id := eventstore.PolicyCommandID(timeName+"/"+d.Kind, c.Service, d.Position, d.Stream)
	return eventstore.Command{ID: id, Digest: eventstore.Digest(timeName, d.Stream, c.Service, []byte(id))}
}

// elapse records that a deputy signs no longer though the absence goes on
// (APR-011).
func (c *Cases) elapse(ctx context.Context, d projection.Due, f eventstore.Fact, delegation string) error {
	_, err := eventstore.Execute(ctx, c.Journal, authority.Decider, d.Stream, c.onTime(d), messaging.CausedBy(c.Service, f),
		authority.Command(authority.Elapse{ID: delegation, Now: c.Clock.Now()}))
	if err != nil {
		return fmt.Errorf("end a delegation whose time is over: %w", err)
	}
	return nil
}

// due is the command of a deadline.
func (c *Cases) due(ctx context.Context, kind string, s approvalcase.State, rules Rules) (approvalcase.Command, error) {
	now := c.Clock.Now()
	switch kind {
	case remind:
		return approvalcase.Remind{Step: s.Step, Now: now}, nil
	case resume:
		plan, err := c.Plan(ctx, s, s.Step, rules)
		return approvalcase.Resume{Plan: plan, Now: now}, err
	case over:
		return approvalcase.RunOut{Now: now}, nil
	case late:
		step, err := c.Step(ctx, s, s.Step)
		if err != nil {
			return nil, err
		}
		to, at, err := c.Matter(s.Opened.GetAsk(), rules).Late(ctx, c.Directory, step, now)
		return approvalcase.Overdue{Step: s.Step, Now: now, To: to, DueAt: at}, err
	}
	return nil, fmt.Errorf("unknown deadline %q", kind)
}

// waits are the deadlines that an event sets or clears.
func waits(stream string, event proto.Message) []projection.DueChange {
	at := func(kind string, t *timestamppb.Timestamp) projection.DueChange {
		change := projection.DueChange{Stream: stream, Kind: kind}
		if t != nil {
			change.At = t.AsTime()
		}
		return change
	}
	switch e := event.(type) {
	case *approvalv1.ApprovalCaseOpened:
		return []projection.DueChange{at(over, e.GetAsk().GetNeededUntil())}
	case *approvalv1.ApprovalStepAssigned:
		return []projection.DueChange{at(remind, e.GetRemindAt()), at(late, e.GetDueAt()), at(resume, nil)}
	case *approvalv1.ApprovalStepEscalated:
		return []projection.DueChange{at(remind, nil), at(late, e.GetDueAt())}
	case *approvalv1.ApprovalPostponed:
		return []projection.DueChange{at(remind, nil), at(late, nil), at(resume, e.GetUntil())}
	case *approvalv1.DeputyNamed:
		if strings.HasPrefix(e.GetDelegationId(), byAbsence) && e.GetReason() == authority.ReasonOpenAbsence {
			return []projection.DueChange{at(elapse+e.GetDelegationId(), e.GetUntil())}
		}
	case *approvalv1.DeputyEnded:
		return []projection.DueChange{at(elapse+e.GetDelegationId(), nil)}
	case *approvalv1.ApprovalGranted, *approvalv1.ApprovalRefused, *approvalv1.ApprovalReturned, *approvalv1.ApprovalCancelled, *approvalv1.ApprovalLapsed:
		return []projection.DueChange{at(remind, nil), at(late, nil), at(resume, nil), at(over, nil)}
	}
	return nil
}
