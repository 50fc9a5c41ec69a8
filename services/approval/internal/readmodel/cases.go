package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed cases.sql
var casesSchema string

// Cases is the read model of what is to be signed, and by whom.
func Cases() projection.Projection {
	return projection.Projection{
		Name: "cases", Version: 1, Schema: casesSchema, Apply: applyCases,
		Digests: []string{
			`SELECT number, kind, state, step FROM cases ORDER BY number COLLATE "C", kind COLLATE "C", state COLLATE "C", step`,
			`SELECT c.number, s.seat, count(*) FROM seats s JOIN cases c USING (case_id) GROUP BY c.number, s.seat ORDER BY c.number COLLATE "C", s.seat`,
		},
	}
}

func applyCases(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	b := &pgx.Batch{}
	for _, f := range page {
		if err := queueCase(b, f); err != nil {
			return err
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write cases: %w", err)
	}
	return nil
}

// late is the seat of whom a late step was escalated to.
const late = -1

func queueCase(b *pgx.Batch, f eventstore.Fact) error {
	switch e := f.Message.(type) {
	case *approvalv1.ApprovalCaseOpened:
		ask, err := proto.Marshal(e.GetAsk())
		if err != nil {
			return fmt.Errorf("encode the ask of %s: %w", e.GetAsk().GetCaseId(), err)
		}
		b.Queue(`INSERT INTO cases (case_id, number, kind, state, requester_id, beneficiary_id, ask, opened_at) VALUES ($1, $2, $3, 'open', $4, $5, $6, $7)`,
			e.GetAsk().GetCaseId(), e.GetAsk().GetNumber(), e.GetAsk().GetKind(), e.GetAsk().GetRequester().GetPersonId(),
			e.GetAsk().GetBeneficiary().GetPersonId(), ask, f.RecordedAt)
	case *approvalv1.ApprovalStepAssigned:
		b.Queue(`UPDATE cases SET state = 'open', step = $2, due_at = coalesce($3, 'infinity'::timestamptz), postponed_until = NULL WHERE case_id = $1`,
			e.GetCaseId(), e.GetStep(), instant(e.GetDueAt()))
		b.Queue(`DELETE FROM seats WHERE case_id = $1`, e.GetCaseId())
		queueSeats(b, e.GetCaseId(), e.GetSeats())
	case *approvalv1.ApprovalStepReassigned:
		b.Queue(`DELETE FROM seats WHERE case_id = $1 AND seat <> $2`, e.GetCaseId(), late)
		queueSeats(b, e.GetCaseId(), e.GetSeats())
	case *approvalv1.ApprovalStepEscalated:
		b.Queue(`UPDATE cases SET due_at = coalesce($2, 'infinity'::timestamptz) WHERE case_id = $1`, e.GetCaseId(), instant(e.GetDueAt()))
		b.Queue(`DELETE FROM seats WHERE case_id = $1 AND seat = $2`, e.GetCaseId(), late)
		queueSeat(b, e.GetCaseId(), late, e.GetTo())
	case *approvalv1.ApprovalStepApproved:
		queueSigned(b, e.GetCaseId(), e.GetStep(), e.GetSeat(), e.GetSignature())
		// The seat is taken, and nobody signs a step twice.
		b.Queue(`DELETE FROM seats WHERE case_id = $1 AND (seat = $2 OR person_id = $3)`,
			e.GetCaseId(), e.GetSeat(), e.GetSignature().GetSigner().GetPersonId())
	case *approvalv1.ApprovalStepRefused:
		queueSigned(b, e.GetCaseId(), e.GetStep(), late, e.GetSignature())
	case *approvalv1.LeadershipAuthorisationGiven:
		queueSigned(b, e.GetCaseId(), e.GetStep(), late, e.GetSignature())
	case *approvalv1.ApprovalPostponed:
		queueSigned(b, e.GetCaseId(), 0, late, e.GetSignature())
		b.Queue(`UPDATE cases SET state = 'postponed', due_at = 'infinity', postponed_until = $2 WHERE case_id = $1`, e.GetCaseId(), instant(e.GetUntil()))
	case *approvalv1.ApprovalReturned:
		queueSigned(b, e.GetCaseId(), 0, late, e.GetSignature())
		queueOutcome(b, e.GetCaseId(), "returned")
	case *approvalv1.ApprovalGranted:
		queueOutcome(b, e.GetCaseId(), "granted")
	case *approvalv1.ApprovalRefused:
		queueOutcome(b, e.GetCaseId(), "refused")
	case *approvalv1.ApprovalCancelled:
		queueOutcome(b, e.GetCaseId(), "cancelled")
	case *approvalv1.ApprovalLapsed:
		queueOutcome(b, e.GetCaseId(), "lapsed")
	}
	return nil
}

func queueOutcome(b *pgx.Batch, id, state string) {
	b.Queue(`UPDATE cases SET state = $2, due_at = 'infinity', postponed_until = NULL WHERE case_id = $1`, id, state)
	b.Queue(`DELETE FROM seats WHERE case_id = $1`, id)
}

func queueSigned(b *pgx.Batch, id string, step, seat int32, s *approvalv1.Signature) {
	b.Queue(`INSERT INTO signed (case_id, step, seat, person_id) VALUES ($1, $2, $3, $4)`, id, step, seat, s.GetSigner().GetPersonId())
}

func queueSeats(b *pgx.Batch, id string, seats []*approvalv1.Seat) {
	for i, s := range seats {
		queueSeat(b, id, int32(i), s)
	}
}

// queueSeat offers a seat to its holders, unless it is filled or they have
// signed the step.
func queueSeat(b *pgx.Batch, id string, seat int32, s *approvalv1.Seat) {
	holders := make([]string, 0, len(s.GetHolders()))
	for _, h := range s.GetHolders() {
		holders = append(holders, h.GetPersonId())
	}
	b.Queue(`INSERT INTO seats (case_id, seat, person_id)
		SELECT DISTINCT $1, $2::integer, holder FROM unnest($3::text[]) holder JOIN cases c ON c.case_id = $1
		WHERE NOT EXISTS (SELECT FROM signed g WHERE g.case_id = $1 AND g.step = c.step
			AND (g.seat = $2 AND g.seat <> -1 OR g.person_id = holder AND g.seat <> -1))`, id, seat, holders)
}

func instant(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return &at
}
