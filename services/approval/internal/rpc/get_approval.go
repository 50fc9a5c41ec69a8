package rpc

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/authz"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
)

// GetApproval shows a case with every signature, and who signs what is to come.
func (s *Server) GetApproval(ctx context.Context, r *approvalv1.GetApprovalRequest) (*approvalv1.GetApprovalResponse, error) {
	c, err := s.visible(ctx, r.GetCaseId())
	if err != nil {
		return nil, err
	}
	facts, err := s.Journal.Stream(ctx, approvalcase.Stream(c.ID))
	if err != nil {
		return nil, err
	}
	state, steps := trail(facts)
	answer := &approvalv1.GetApprovalResponse{Approval: shown(c), Route: state.Opened.GetRoute(), Steps: steps}
	if state.Waiting() {
		if answer.Steps, err = s.ahead(ctx, state, steps); err != nil {
			return nil, err
		}
	}
	answer.MaySign, err = s.maySign(ctx, state)
	return answer, err
}

// visible finds a case that the caller may see.
func (s *Server) visible(ctx context.Context, name string) (readmodel.Case, error) {
	c, ok, err := readmodel.Find(ctx, s.Pool, name)
	if err != nil {
		return c, err
	}
	caller, _ := authz.From(ctx)
	if ok && (seesAll(caller) || caller.Person != "" && (caller.Person == c.RequesterID || caller.Person == c.BeneficiaryID)) {
		return c, nil
	}
	if !ok || caller.Person == "" {
		return c, ErrUnknown.With("case", name)
	}
	actsFor, err := s.actsFor(ctx, caller.Person, own(c))
	if err != nil {
		return c, err
	}
	sees, err := readmodel.Sees(ctx, s.Pool, c.ID, caller.Person, actsFor)
	if err == nil && !sees {
		sees, err = s.leads(ctx, caller.Account)
	}
	if err == nil && !sees {
		sees, err = s.entitled(ctx, c.ID, append(actsFor, caller.Person))
	}
	if err == nil && !sees {
		err = ErrUnknown.With("case", name)
	}
	return c, err
}

// leads tells whether an employee number holds the function leadership, which
// may authorise any case directly and so sees it (APR-008).
func (s *Server) leads(ctx context.Context, number string) (bool, error) {
	rules, err := s.Packs.Current(ctx)
	if err != nil || rules.Pack == nil {
		return false, err
	}
	return slices.Contains(rules.Pack.Holders(approvalcase.Leadership), number), nil
}

// entitled tells whether one of these people may sign the step that waits as
// things stand now. Since it was assigned, somebody may have come, or others may
// have moved, and with that the authority: then whoever held the seat signs
// nothing any more, and whoever has it now must find the case.
func (s *Server) entitled(ctx context.Context, id string, people []string) (bool, error) {
	state, err := s.Load(ctx, id)
	if err != nil || state.Status != approvalcase.Open {
		return false, err
	}
	rules, err := s.Packs.Current(ctx)
	if err != nil {
		return false, err
	}
	seats, late, err := s.Signers(ctx, state, rules)
	if err != nil {
		return false, err
	}
	for _, seat := range append(seats, late) {
		for _, h := range seat.GetHolders() {
			if slices.Contains(people, h.GetPersonId()) {
				return true, nil
			}
		}
	}
	return false, nil
}

// own tells of a person whether a case is the person's own matter.
func own(c readmodel.Case) func(string) bool {
	return func(person string) bool { return person == c.RequesterID || person == c.BeneficiaryID }
}

// ahead says when the step that waits lapses, and adds the steps that have not
// begun, as they would begin now.
func (s *Server) ahead(ctx context.Context, state approvalcase.State, steps []*approvalv1.StepView) ([]*approvalv1.StepView, error) {
	rules, err := s.Packs.Current(ctx)
	if err != nil {
		return nil, err
	}
	if len(steps) > 0 {
		steps[len(steps)-1].LapsesAt = lapses(state, rules.Pack == nil || rules.Pack.Escalation != nil)
	}
	for n := state.Step + 1; n <= state.Opened.GetSteps(); n++ {
		plan, err := s.Plan(ctx, state, n, rules)
		if err != nil {
			return nil, err
		}
		steps = append(steps, planned(n, plan))
	}
	return steps, nil
}

// maySign tells whether the caller could sign the case as it stands.
func (s *Server) maySign(ctx context.Context, state approvalcase.State) (bool, error) {
	caller, _ := authz.From(ctx)
	if caller.Person == "" || !state.Waiting() {
		return false, nil
	}
	signing, err := s.signing(ctx, caller, state)
	if err != nil {
		return false, err
	}
	signing.Digest = state.Opened.GetAsk().GetDigest()
	_, err = approvalcase.Decide(state, approvalcase.Approve{Signing: signing})
	return err == nil, nil
}

// shown is a case as lists and answers show it.
func shown(c readmodel.Case) *approvalv1.Approval {
	a := &approvalv1.Approval{
		CaseId: c.ID, Number: c.Ask.GetNumber(), Kind: c.Ask.GetKind(), State: c.State, Requester: c.Ask.GetRequester(), Beneficiary: c.Ask.GetBeneficiary(),
		Shown: c.Ask.GetShown(), Digest: c.Ask.GetDigest(), Step: c.Step, OpenedAt: timestamppb.New(c.OpenedAt),
	}
	if c.DueAt != nil {
		a.DueAt = timestamppb.New(*c.DueAt)
	}
	if c.PostponedUntil != nil {
		a.PostponedUntil = timestamppb.New(*c.PostponedUntil)
	}
	return a
}
