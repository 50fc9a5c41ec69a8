package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// WhenApprovalDecidedRecordOutcome takes in what became of the signatures, and
// gives what was signed.
func WhenApprovalDecidedRecordOutcome(r *Requests) messaging.Policy {
	p := messaging.Policy{
		Name:   "when_approval_decided_record_outcome",
		Source: "approval",
		On: []proto.Message{
			&approvalv1.ApprovalGranted{}, &approvalv1.ApprovalRefused{}, &approvalv1.ApprovalReturned{}, &approvalv1.ApprovalPostponed{},
			&approvalv1.ApprovalCancelled{}, &approvalv1.ApprovalLapsed{},
		},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		c, person, ok := outcome(f.Message)
		if !ok {
			return nil
		}
		stream := holdings.Stream(person)
		s, _, err := eventstore.Load(ctx, r.Journal, holdingsDecider, stream)
		if err != nil {
			return err
		}
		rules, err := r.Packs.Current(ctx)
		if err != nil {
			return err
		}
		command := p.Command(f, stream)
		c.Now, c.Duties, c.Pack, c.GrantID = r.Clock.Now(), rules.DutyRules(), rules.InForce(), grantID(command.ID)
		if q, ok := s.Asked(c.CaseID); ok {
			if c.Offer, err = rules.Offer(q.GetApplication(), q.GetRole(), c.Now, r.Zone); err != nil {
				return err
			}
		}
		if _, err := r.decide(ctx, stream, command, r.meta(f, rules), c); err != nil {
			return fmt.Errorf("record the outcome of %s: %w", c.CaseID, err)
		}
		return nil
	}
	return p
}

// outcome reads an event of approval; ok is false if it is about no request of
// ours, or says nothing new.
func outcome(event proto.Message) (c holdings.RecordOutcome, person string, ok bool) {
	e, is := event.(interface {
		GetKind() string
		GetCaseId() string
		GetPersonId() string
	})
	if !is || e.GetKind() != holdings.AskKind {
		return c, "", false
	}
	c.CaseID = e.GetCaseId()
	switch e := event.(type) {
	case *approvalv1.ApprovalGranted:
		c.Outcome, c.Direct = holdings.OutcomeGranted, e.GetDirect()
	case *approvalv1.ApprovalRefused:
		c.Outcome, c.Comment = holdings.OutcomeRefused, e.GetComment()
	case *approvalv1.ApprovalReturned:
		c.Outcome, c.Comment = holdings.OutcomeReturned, e.GetSignature().GetComment()
	case *approvalv1.ApprovalPostponed:
		c.Outcome, c.Until = holdings.OutcomePostponed, e.GetUntil().AsTime()
	case *approvalv1.ApprovalLapsed:
		c.Outcome = holdings.OutcomeLapsed
		if e.GetReason() == "over" {
			c.Outcome = holdings.OutcomeOver
		}
	case *approvalv1.ApprovalCancelled:
		if e.GetReason() != "no_signer" {
			return c, "", false // we withdrew it ourselves
		}
		c.Outcome = holdings.OutcomeNoSigner
	}
	return c, e.GetPersonId(), true
}

// grantID is the id of the grant that a command issues, so that repeating the
// command means the same grant.
func grantID(command string) string {
	return "grt_" + uuid.NewSHA1(uuid.MustParse(command), []byte("grant")).String()
}

// Requests carries out what follows from signatures and from time.
type Requests struct {
	*Alignment
	Clock interface{ Now() time.Time }
	// Zone is where days begin and end.
	Zone *time.Location
}
