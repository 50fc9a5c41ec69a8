package approvalcase_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
)

// What the tests of this package have in common: E1 asks for E1, E7 supervises,
// E31 and E32 are other signers.

var (
	noon     = time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)
	reminder = noon.AddDate(0, 0, 1)
	due      = noon.AddDate(0, 0, 2)
	second   = noon.AddDate(0, 0, 4)
)

const digest = "d1"

func party(number string) *approvalv1.Party {
	return &approvalv1.Party{PersonId: "per_" + number, EmployeeNumber: number}
}

func seat(by string, numbers ...string) *approvalv1.Seat {
	s := &approvalv1.Seat{By: by}
	for _, n := range numbers {
		s.Holders = append(s.Holders, party(n))
	}
	return s
}

func plan(quorum int32, seats ...*approvalv1.Seat) approvalcase.Plan {
	return approvalcase.Plan{Seats: seats, Quorum: quorum, RemindAt: reminder, DueAt: due, Calendar: "2025-11-04"}
}

func ask() *approvalv1.Ask {
	return &approvalv1.Ask{
		CaseId: "case_1", Kind: "access_request", Number: "AR-2026-000001", Requester: party("E1"), Beneficiary: party("E1"), Digest: digest,
	}
}

func start(steps int32, first approvalcase.Plan) approvalcase.Start {
	return approvalcase.Start{Ask: ask(), Route: "reference", Steps: steps, PackVersion: 3, First: first}
}

func opened(steps int32) *approvalv1.ApprovalCaseOpened {
	return &approvalv1.ApprovalCaseOpened{PersonId: "per_E1", EmployeeNumber: "E1", Ask: ask(), Route: "reference", Steps: steps, PackVersion: 3}
}

func assigned(step, quorum int32, seats ...*approvalv1.Seat) *approvalv1.ApprovalStepAssigned {
	return &approvalv1.ApprovalStepAssigned{
		PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: step, Seats: seats, Quorum: quorum,
		RemindAt: timestamppb.New(reminder), DueAt: timestamppb.New(due), CalendarVersion: "2025-11-04",
	}
}

// by is what a signer brings to a decision, with the people for whom he or she
// may act as a deputy.
func by(number string, actsFor ...string) approvalcase.Signing {
	s := approvalcase.Signing{
		Signer: approvalcase.Signer{Party: party(number), Employed: true}, Comment: "ok", Digest: digest, PackDigest: "p3", Now: noon,
	}
	for _, n := range actsFor {
		s.Signer.ActsFor = append(s.Signer.ActsFor, "per_"+n)
	}
	return s
}

func signature(number, authority, onBehalfOf string) *approvalv1.Signature {
	s := &approvalv1.Signature{
		Signer: party(number), By: authority, Comment: "ok", Digest: digest, PackDigest: "p3", At: timestamppb.New(noon),
	}
	if onBehalfOf != "" {
		s.OnBehalfOf = party(onBehalfOf)
	}
	return s
}

func approved(step, seat int32, s *approvalv1.Signature) *approvalv1.ApprovalStepApproved {
	return &approvalv1.ApprovalStepApproved{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: step, Seat: seat, Signature: s}
}

func granted(direct bool, signatures ...*approvalv1.Signature) *approvalv1.ApprovalGranted {
	return &approvalv1.ApprovalGranted{
		PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Kind: "access_request", Digest: digest, Signatures: signatures, Direct: direct,
	}
}

func cancelled(reason string) *approvalv1.ApprovalCancelled {
	return &approvalv1.ApprovalCancelled{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Kind: "access_request", Reason: reason}
}

func lapsed() *approvalv1.ApprovalLapsed {
	return &approvalv1.ApprovalLapsed{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Kind: "access_request"}
}

func escalated(to *approvalv1.Seat) *approvalv1.ApprovalStepEscalated {
	return &approvalv1.ApprovalStepEscalated{
		PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: 1, To: to, DueAt: timestamppb.New(second),
	}
}

func rule(t *testing.T) *testkit.Scenario[approvalcase.State, approvalcase.Command] {
	t.Helper()
	return testkit.Rule(t, approvalcase.Decider)
}
