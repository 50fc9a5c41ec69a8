package rpc

import (
	"context"
	"strings"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/policy"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
)

// ErrDecision says that there is no such decision.
var ErrDecision = fault.New(fault.Invalid, "APPROVAL_DECISION_UNKNOWN",
	"A decision is approve, refuse, return, postpone or authorise.", "决定须为 approve、refuse、return、postpone 或 authorise。")

// Decide signs. Who may is found anew at this moment and comes with the
// command; if identity cannot be asked, nothing is decided.
func (s *Server) Decide(ctx context.Context, r *approvalv1.DecideRequest) (*approvalv1.DecideResponse, error) {
	caller, _ := authz.From(ctx)
	c, err := s.visible(ctx, r.GetCaseId())
	if err != nil {
		return nil, err
	}
	if caller.Person == "" {
		return nil, ErrNobody
	}
	stream := approvalcase.Stream(c.ID)
	command, meta, err := servicekit.Intent(ctx, stream, r)
	if err != nil {
		return nil, err
	}
	decision, rules, err := s.decision(ctx, caller, c, r)
	if err != nil {
		return nil, err
	}
	meta.PolicyDigest = rules.Digest
	result, err := eventstore.Execute(ctx, s.Journal, approvalcase.Decider, stream, command, meta, decision)
	if err != nil {
		return nil, err
	}
	if r.GetDecision() == "approve" { // the next step may have begun
		meta.Causation = &eventstore.Cause{Service: s.Service, Position: result.Last}
		if err := s.Follow(ctx, c.ID, command, meta); err != nil {
			s.Log.WarnContext(ctx, "the next step was not looked at again", "case", c.ID, "error", err)
		}
	}
	if err := s.Answer(ctx, result.Last); err != nil {
		return nil, err
	}
	if c, _, err = readmodel.Find(ctx, s.Pool, c.ID); err != nil {
		return nil, err
	}
	return &approvalv1.DecideResponse{Approval: shown(c), Position: result.Last}, nil
}

// decision is the command of a request.
func (s *Server) decision(ctx context.Context, caller authz.Caller, c readmodel.Case, r *approvalv1.DecideRequest) (approvalcase.Command, policy.Rules, error) {
	rules, err := s.Packs.Current(ctx)
	if err != nil {
		return nil, rules, err
	}
	state, err := s.Load(ctx, c.ID)
	if err != nil {
		return nil, rules, err
	}
	signing, err := s.signing(ctx, caller, state)
	if err != nil {
		return nil, rules, err
	}
	signing.Comment, signing.Digest, signing.PackDigest = strings.TrimSpace(r.GetReason()), r.GetDigest(), rules.Digest
	if state.Status == approvalcase.Open {
		signing.Step = state.Step
		if signing.Seats, signing.Escalation, err = s.Signers(ctx, state, rules); err != nil {
			return nil, rules, err
		}
	}
	switch r.GetDecision() {
	case "approve":
		approve := approvalcase.Approve{Signing: signing}
		if state.Status == approvalcase.Open && state.Step < state.Opened.GetSteps() {
			approve.Next, err = s.Plan(ctx, state, state.Step+1, rules)
		}
		return approve, rules, err
	case "refuse":
		return approvalcase.Refuse{Signing: signing}, rules, nil
	case "return":
		return approvalcase.Return{Signing: signing}, rules, nil
	case "postpone":
		postpone := approvalcase.Postpone{Signing: signing}
		if r.GetUntil() != nil {
			postpone.Until = r.GetUntil().AsTime()
		}
		return postpone, rules, nil
	case "authorise":
		leader, err := s.leads(ctx, caller.Account)
		return approvalcase.Authorise{Signing: signing, Leader: leader}, rules, err
	}
	return nil, rules, ErrDecision.With("decision", r.GetDecision())
}

// signing is what the caller brings to a decision, but for the words.
func (s *Server) signing(ctx context.Context, caller authz.Caller, state approvalcase.State) (approvalcase.Signing, error) {
	person, ok, err := s.Directory.Person(ctx, caller.Account)
	if err != nil {
		return approvalcase.Signing{}, err
	}
	signer := approvalcase.Signer{Party: self(caller), Employed: ok && person.Employed && person.Party.GetPersonId() == caller.Person}
	ask := state.Opened.GetAsk()
	signer.ActsFor, err = s.actsFor(ctx, caller.Person, func(p string) bool {
		return p == ask.GetRequester().GetPersonId() || p == ask.GetBeneficiary().GetPersonId()
	})
	return approvalcase.Signing{Signer: signer, Now: s.Clock.Now()}, err
}
