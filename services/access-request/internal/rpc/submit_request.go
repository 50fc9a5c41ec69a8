package rpc

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// The refusals of asking.
var (
	ErrForWhom = fault.New(fault.Forbidden, "REQUEST_FOR_ANOTHER",
		"You may ask for yourself and for those whom you supervise; let the person ask, or the supervisor, or somebody with the role hr or access-admin.",
		"您可以为本人或直接下属申请；请由本人、其上级或具有 hr、access-admin 角色的人员提出。")
	ErrNobody = fault.New(fault.Refused, "REQUEST_REQUESTER_UNKNOWN",
		"Your account is nobody's; sign in as a person to ask for rights.", "您的账号不属于任何人员，请以个人账号登录后申请。")
)

// casePatience is how long the answer waits for the case to be there.
const casePatience = 5 * time.Second

// decider is the behaviour of holdings.
var decider = eventstore.Decider[holdings.State, holdings.Command]{Decide: holdings.Decide, Evolve: holdings.Evolve}

// SubmitRequest asks for a role. What fails the screening is refused; what
// passes answers who will sign and until when.
func (s *Server) SubmitRequest(ctx context.Context, r *accessv1.SubmitRequestRequest) (*accessv1.SubmitRequestResponse, error) {
	caller, _ := authz.From(ctx)
	if caller.Person == "" {
		return nil, ErrNobody
	}
	person, err := s.beneficiary(ctx, caller, r.GetEmployeeNumber())
	if err != nil {
		return nil, err
	}
	stream := holdings.Stream(person)
	state, _, err := eventstore.Load(ctx, s.Platform.Journal, decider, stream)
	if err != nil {
		return nil, err
	}
	command := grpckit.CommandID(ctx)
	if q, ok := state.Requests["req_"+command]; ok { // asked again after a lost answer
		return s.answer(ctx, q.Requested, q.Case)
	}
	c, err := s.submission(ctx, caller, command, r)
	if err != nil {
		return nil, err
	}
	// Whoever asks is told who will sign before anything is recorded.
	events, err := decider.Decide(state, c)
	if err != nil {
		return nil, err
	}
	requested, ask := events[0].(*accessv1.AccessRequested), events[1].(*accessv1.AccessApprovalRequired).GetAsk()
	way, err := s.approval().PreviewRoute(ctx, &approvalv1.PreviewRouteRequest{Ask: ask})
	if err != nil {
		return nil, err
	}
	if r.GetDryRun() {
		return shownWay(&accessv1.SubmitRequestResponse{Renews: requested.GetRenews()}, way.GetSteps()), nil
	}
	if c.Number, err = readmodel.NextNumber(ctx, s.Platform.Pool, c.Now.In(s.Platform.Zone).Year()); err != nil {
		return nil, err
	}
	result, err := servicekit.Execute(ctx, s.Platform, decider, stream, r, holdings.Command(c))
	if err != nil {
		return nil, err
	}
	answer, err := s.answer(ctx, &accessv1.AccessRequested{RequestId: c.RequestID, Number: c.Number, Renews: requested.GetRenews()}, c.CaseID)
	if err != nil {
		return nil, err
	}
	answer.Position = result.Last
	return answer, nil
}

// submission is the command of a request.
func (s *Server) submission(ctx context.Context, caller authz.Caller, command string, r *accessv1.SubmitRequestRequest) (holdings.SubmitRequest, error) {
	now := s.Platform.Clock.Now()
	c := holdings.SubmitRequest{
		RequestID: "req_" + command, CaseID: "case_" + command, RequesterID: caller.Person, RequesterNumber: caller.Account,
		Application: r.GetApplication(), Role: r.GetRole(), Reason: strings.TrimSpace(r.GetReason()), Now: now, Zone: s.Platform.Zone,
	}
	if r.GetUntil() != nil {
		c.Until = r.GetUntil().AsTime()
	}
	begin := now
	if r.GetFrom() != nil {
		if c.From = r.GetFrom().AsTime(); c.From.After(begin) {
			begin = c.From
		}
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return c, err
	}
	c.Duties, c.Pack = rules.DutyRules(), rules.InForce()
	c.Offer, err = rules.Offer(r.GetApplication(), r.GetRole(), begin, s.Platform.Zone)
	return c, err
}

// beneficiary is the person for whom is asked, if the caller may ask for them.
func (s *Server) beneficiary(ctx context.Context, caller authz.Caller, number string) (string, error) {
	if number == "" || number == caller.Account {
		return caller.Person, nil
	}
	if !caller.Is("hr") && !caller.Is("access-admin") {
		r, err := identityv1.NewIdentityServiceClient(s.Platform.Dial("identity")).GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: number})
		if f, ok := fault.Of(err); ok && f.Kind == fault.NotFound || err == nil && r.GetPerson().GetSupervisor() != caller.Account {
			return "", ErrForWhom // whether there is such a person is not theirs to know
		}
		if err != nil {
			return "", err
		}
	}
	person, err := readmodel.PersonOf(ctx, s.Platform.Pool, number)
	if err == nil && person == "" {
		err = ErrPersonUnknown.With("employee_number", number)
	}
	return person, err
}

// answer says what was asked and who signs, once the case is there.
func (s *Server) answer(ctx context.Context, q *accessv1.AccessRequested, caseID string) (*accessv1.SubmitRequestResponse, error) {
	answer := &accessv1.SubmitRequestResponse{RequestId: q.GetRequestId(), Number: q.GetNumber(), CaseId: caseID, Renews: q.GetRenews()}
	head, err := s.Platform.Journal.Store.Head(ctx)
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, casePatience)
	defer cancel()
	wait = metadata.AppendToOutgoingContext(wait, grpckit.HeaderNotBefore, grpckit.FormatPosition(s.Platform.Service, head))
	way, err := s.approval().GetApproval(wait, &approvalv1.GetApprovalRequest{CaseId: caseID})
	if err != nil {
		// The request is recorded; its case comes later.
		s.Platform.Log.WarnContext(ctx, "the case is late", "case", caseID, "error", err)
		return answer, nil
	}
	return shownWay(answer, way.GetSteps()), nil
}

func shownWay(answer *accessv1.SubmitRequestResponse, steps []*approvalv1.StepView) *accessv1.SubmitRequestResponse {
	answer.Signers = steps
	if len(steps) > 0 {
		answer.DueAt = steps[0].GetDueAt()
	}
	return answer
}

func (s *Server) approval() approvalv1.ApprovalServiceClient {
	return approvalv1.NewApprovalServiceClient(s.Platform.Dial("approval"))
}
