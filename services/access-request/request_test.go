package accessrequest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	accessrequest "github.com/ostiary/ostiary/services/access-request"
)

// offered has two roles that exclude each other and one that nobody can sign.
const offered = `version: 1
effective: 2026-01-01T00:00:00+08:00
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN}]
applications:
  - {id: orders, owner: E31, target: orders-db, roles: [{id: reader, level: B, max: 100d}, {id: approver, level: B, max: 100d}, {id: secret, level: X}]}
duty_rules: [{id: four-eyes, forbid: [orders/reader, orders/approver], scope: person}]
`

// signers is approval as the test needs it: E7 signs everything but level X.
type signers struct {
	approvalv1.UnimplementedApprovalServiceServer
}

func (signers) steps() []*approvalv1.StepView {
	return []*approvalv1.StepView{{
		Step: 1, Quorum: 1, State: "open", DueAt: timestamppb.New(day(12)),
		Seats: []*approvalv1.Seat{{By: "supervisor", Holders: []*approvalv1.Party{{PersonId: "per_E7", EmployeeNumber: "E7"}}}},
	}}
}

func (s signers) PreviewRoute(_ context.Context, r *approvalv1.PreviewRouteRequest) (*approvalv1.PreviewRouteResponse, error) {
	if r.GetAsk().GetRole().GetLevel() == "X" {
		return nil, fault.New(fault.Refused, "NO_SIGNER", "nobody", "无人")
	}
	return &approvalv1.PreviewRouteResponse{Route: "reference", Steps: s.steps()}, nil
}

func (s signers) GetApproval(context.Context, *approvalv1.GetApprovalRequest) (*approvalv1.GetApprovalResponse, error) {
	return &approvalv1.GetApprovalResponse{Steps: s.steps()}, nil
}

// people is identity: E7 supervises E1; accounts are active unless suspended.
type people struct {
	identityv1.UnimplementedIdentityServiceServer

	mu        sync.Mutex
	suspended map[string]bool
}

func (p *people) GetPerson(_ context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	number, state := r.GetEmployeeNumber(), "active"
	if number == "E404" {
		return nil, fault.New(fault.NotFound, "PERSON_NOT_FOUND", "nobody", "没有")
	}
	if p.suspended[number] {
		state = "suspended"
	}
	person := &identityv1.Person{EmployeeNumber: number, PersonId: "per_" + number, State: "active", Accounts: []*identityv1.PersonAccount{{Account: number, State: state}}}
	if number == "E1" {
		person.Supervisor = "E7"
	}
	return &identityv1.GetPersonResponse{Person: person}, nil
}

// asking is a story in which people ask.
type asking struct {
	*story
	*people
}

func beginAsking(t *testing.T) asking {
	t.Helper()
	t.Parallel()
	p := &people{suspended: map[string]bool{}}
	s := &story{hosttest.Start(t, hosttest.Cast{
		Service: accessrequest.Definition(), Sources: []string{"identity", "policy", "approval", "provisioning"}, Now: noon,
		Neighbours: map[string]func(*servicekit.Platform) *servicekit.Service{
			"policy": nil, "provisioning": nil,
			"identity": func(*servicekit.Platform) *servicekit.Service {
				return &servicekit.Service{Register: func(r grpc.ServiceRegistrar) { identityv1.RegisterIdentityServiceServer(r, p) }}
			},
			"approval": func(*servicekit.Platform) *servicekit.Service {
				return &servicekit.Service{Register: func(r grpc.ServiceRegistrar) { approvalv1.RegisterApprovalServiceServer(r, signers{}) }}
			},
		},
	}), t}
	s.activates(1, offered)
	for _, e := range []string{"E1", "E2", "E7"} {
		s.starts(e, "P0", day(3))
	}
	return asking{s, p}
}

func ask(role string) *accessv1.SubmitRequestRequest {
	return &accessv1.SubmitRequestRequest{Application: "orders", Role: role, Reason: "月末对账", Until: timestamppb.New(day(10).AddDate(0, 2, 0))}
}

func (s asking) submits(who string, r *accessv1.SubmitRequestRequest) *accessv1.SubmitRequestResponse {
	s.t.Helper()
	answer, err := s.client().SubmitRequest(s.As(who), r)
	if err != nil {
		s.t.Fatalf("%s asks: %v", who, err)
	}
	return answer
}

func (s asking) state(name string) string {
	s.t.Helper()
	r, err := s.client().GetRequest(s.As("ada", "auditor"), &accessv1.GetRequestRequest{Request: name})
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(r.GetRequest().GetState() + " " + r.GetRequest().GetOutcome())
}

// decided lets approval record an outcome of a case.
func (s asking) decided(id string, outcome proto.Message) {
	s.t.Helper()
	s.Says("approval", "case-"+id, outcome)
}

func granted(id string) *approvalv1.ApprovalGranted {
	return &approvalv1.ApprovalGranted{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: id, Kind: "access_request"}
}

func reasonOf(err error) string {
	if f, ok := fault.Of(err); ok {
		return f.Reason
	}
	return ""
}

// Covers: APR-001
func TestWhatIsAskedIsSignedGivenAndEnds(t *testing.T) {
	s := beginAsking(t)
	preview := s.submits("E1", &accessv1.SubmitRequestRequest{Application: "orders", Role: "reader", Reason: "月末对账", Until: timestamppb.New(day(40)), DryRun: true})
	if preview.GetRequestId() != "" || len(preview.GetSigners()) != 1 || !preview.GetDueAt().AsTime().Equal(day(12)) {
		t.Errorf("preview %v", preview)
	}
	q := s.submits("E1", ask("reader"))
	if q.GetNumber() != "AR-2026-000001" || q.GetCaseId() == "" || len(q.GetSigners()) != 1 {
		t.Fatalf("asked %v", q)
	}
	s.expect("nothing before the signatures", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "")
	s.decided(q.GetCaseId(), granted(q.GetCaseId()))
	s.expect("signed", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "reader issued")
	s.completes("E1")
	if got := s.state(q.GetNumber()); got != "fulfilled" {
		t.Errorf("the request is %q", got)
	}
	check := func() string {
		r, err := s.client().CheckAccess(s.AsService("identity"), &accessv1.CheckAccessRequest{Account: "E1", Application: "orders", Role: "reader"})
		if err != nil {
			t.Fatal(err)
		}
		if r.GetAllowed() {
			return "yes"
		}
		return r.GetReason()
	}
	if got := check(); got != "yes" {
		t.Errorf("check: %s", got)
	}
	s.mu.Lock()
	s.suspended["E1"] = true
	s.mu.Unlock()
	if got := check(); got != "suspended" {
		t.Errorf("check of a suspended account: %s", got)
	}
	s.mu.Lock()
	s.suspended["E1"] = false
	s.mu.Unlock()
	has := func(what string) func() bool {
		return func() bool {
			facts := s.Stream("access-request", "holdings-per_E1")
			return string(facts[len(facts)-1].Message.ProtoReflect().Descriptor().Name()) == what
		}
	}
	end := day(10).AddDate(0, 2, 0)
	s.Clock.Set(end.AddDate(0, 0, -15)) // the last quarter of a short grant
	s.Eventually("the end is noticed", has("GrantExpiryNoticed"))
	s.Clock.Set(end)
	if got := check(); got != "ended" && got != "no_grant" {
		t.Errorf("check at the end: %s", got)
	}
	s.Eventually("the grant has ended", func() bool {
		return shown(s.list(&accessv1.ListGrantsRequest{EmployeeNumber: "E1"})) == "reader revoking"
	})
	if !has("GrantExpired")() {
		t.Error("the end is not an event of its own")
	}
}

func TestTheSameRequestTwiceIsOneAndAnotherIsRefused(t *testing.T) {
	s := beginAsking(t)
	ctx := metadata.AppendToOutgoingContext(s.As("E1"), grpckit.HeaderCommandID, uuid.NewString())
	first, err := s.client().SubmitRequest(ctx, ask("reader"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.client().SubmitRequest(ctx, ask("reader"))
	if err != nil || again.GetNumber() != first.GetNumber() || again.GetCaseId() != first.GetCaseId() {
		t.Errorf("again: %v, %v", again, err)
	}
	if _, err := s.client().SubmitRequest(s.As("E1"), ask("reader")); reasonOf(err) != "REQUEST_ALREADY_OPEN" {
		t.Errorf("another: %v", err)
	}
	if _, err := s.client().SubmitRequest(s.As("E1"), ask("secret")); reasonOf(err) != "NO_SIGNER" {
		t.Errorf("what nobody can sign: %v", err)
	}
	if n := len(s.Stream("access-request", "holdings-per_E1")); n != 3 { // the post, the request, the ask
		t.Errorf("%d events", n)
	}
}

// Covers: ACR-041
func TestWhoMayAskForWhom(t *testing.T) {
	s := beginAsking(t)
	For := func(number string) *accessv1.SubmitRequestRequest {
		r := ask("reader")
		r.EmployeeNumber, r.DryRun = number, true
		return r
	}
	for _, c := range []struct {
		who, number, want string
		roles             []string
	}{
		{"E1", "E1", "", nil}, {"E7", "E1", "", nil}, {"E7", "E2", "REQUEST_FOR_ANOTHER", nil}, {"E2", "E1", "REQUEST_FOR_ANOTHER", nil},
		{"E2", "E404", "REQUEST_FOR_ANOTHER", nil}, {"hr", "E2", "", []string{"hr"}}, {"hr", "E404", "PERSON_NOT_FOUND", []string{"hr"}},
	} {
		_, err := s.client().SubmitRequest(s.As(c.who, c.roles...), For(c.number))
		if reasonOf(err) != c.want {
			t.Errorf("%s for %s: %v, want %q", c.who, c.number, err, c.want)
		}
	}
}

// Covers: ACR-030
func TestWhatBecomesOfARequest(t *testing.T) {
	s := beginAsking(t)
	outcomes := map[string]func(id string) proto.Message{
		"refused refused": func(id string) proto.Message {
			return &approvalv1.ApprovalRefused{PersonId: "per_E1", CaseId: id, Kind: "access_request", Comment: "不需要"}
		},
		"returned": func(id string) proto.Message {
			return &approvalv1.ApprovalReturned{PersonId: "per_E1", CaseId: id, Kind: "access_request", Signature: &approvalv1.Signature{Comment: "写清用途"}}
		},
		"refused lapsed": func(id string) proto.Message {
			return &approvalv1.ApprovalLapsed{PersonId: "per_E1", CaseId: id, Kind: "access_request"}
		},
		"refused over": func(id string) proto.Message {
			return &approvalv1.ApprovalLapsed{PersonId: "per_E1", CaseId: id, Kind: "access_request", Reason: "over"}
		},
		"refused no_signer": func(id string) proto.Message {
			return &approvalv1.ApprovalCancelled{PersonId: "per_E1", CaseId: id, Kind: "access_request", Reason: "no_signer"}
		},
		"postponed": func(id string) proto.Message {
			return &approvalv1.ApprovalPostponed{PersonId: "per_E1", CaseId: id, Kind: "access_request", Until: timestamppb.New(day(20))}
		},
	}
	for _, want := range []string{"refused refused", "returned", "refused lapsed", "refused over", "refused no_signer", "postponed"} {
		q := s.submits("E1", ask("reader"))
		s.decided(q.GetCaseId(), outcomes[want](q.GetCaseId()))
		if got := s.state(q.GetNumber()); got != want {
			t.Errorf("the request is %q, want %q", got, want)
		}
	}
	s.expect("nothing is given", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "")
}

func TestARequestIsShownToWhomItConcernsAndTakenBack(t *testing.T) {
	s := beginAsking(t)
	r := ask("reader")
	r.EmployeeNumber = "E1"
	q := s.submits("E7", r)
	for who, want := range map[string]string{"E1": "", "E7": "", "E2": "REQUEST_NOT_FOUND"} {
		_, err := s.client().GetRequest(s.As(who), &accessv1.GetRequestRequest{Request: q.GetNumber()})
		if reasonOf(err) != want {
			t.Errorf("%s: %v, want %q", who, err, want)
		}
		list, err := s.client().ListRequests(s.As(who), &accessv1.ListRequestsRequest{})
		if err != nil || len(list.GetItems()) != map[string]int{"": 1}[want] {
			t.Errorf("%s is listed %v, %v", who, list, err)
		}
	}
	if _, err := s.client().WithdrawRequest(s.As("E2"), &accessv1.WithdrawRequestRequest{Request: q.GetNumber()}); reasonOf(err) != "REQUEST_NOT_FOUND" {
		t.Errorf("others take it back: %v", err)
	}
	if _, err := s.client().WithdrawRequest(s.As("E1"), &accessv1.WithdrawRequestRequest{Request: q.GetNumber()}); err != nil {
		t.Error(err)
	}
	if got := s.state(q.GetNumber()); got != "withdrawn requester" {
		t.Errorf("the request is %q", got)
	}
	// A signature that comes later gives nothing.
	s.decided(q.GetCaseId(), granted(q.GetCaseId()))
	s.expect("nothing is given", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "")
}

func TestAGrantBeginsOnItsDayAndIsRenewed(t *testing.T) {
	s := beginAsking(t)
	r := ask("reader")
	r.From = timestamppb.New(day(15))
	q := s.submits("E1", r)
	s.decided(q.GetCaseId(), granted(q.GetCaseId()))
	s.expect("before its day", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "")
	s.Clock.Set(day(15))
	s.Eventually("begun", func() bool {
		return shown(s.list(&accessv1.ListGrantsRequest{EmployeeNumber: "E1"})) == "reader issued"
	})
	s.completes("E1")
	renewal := ask("reader")
	renewal.Until = timestamppb.New(day(15).AddDate(0, 3, 0))
	again := s.submits("E1", renewal)
	grant := s.list(&accessv1.ListGrantsRequest{EmployeeNumber: "E1"})[0]
	if again.GetRenews() != grant.GetGrantId() {
		t.Errorf("it renews %q, want %s", again.GetRenews(), grant.GetGrantId())
	}
	s.decided(again.GetCaseId(), granted(again.GetCaseId()))
	if g := s.list(&accessv1.ListGrantsRequest{EmployeeNumber: "E1"}); len(g) != 1 || !g[0].GetValidUntil().AsTime().Equal(day(15).AddDate(0, 3, 0)) {
		t.Errorf("after the renewal: %v", g)
	}
	s.Clock.Advance(time.Hour)
	if got := s.state(again.GetNumber()); got != "fulfilled" {
		t.Errorf("the renewal is %q", got)
	}
}

// Covers: ACR-057
func TestEverybodySeesWhatCanBeAskedFor(t *testing.T) {
	s := beginAsking(t)
	s.activates(2, giving+`routes: [{id: reference, when: 'role.level == "B"', steps: [{by: supervisor}]}]
`)
	roles := func(who, want string) {
		t.Helper()
		r, err := s.client().ListRoles(s.As(who), &accessv1.ListRolesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, o := range r.GetItems() {
			all = append(all, strings.TrimSpace(o.GetApplication()+"/"+o.GetRole()+" "+o.GetState()+" "+o.GetReason()))
			if o.GetLatest().AsTime().Before(noon) || o.GetLevel() != "B" {
				t.Errorf("role %v", o)
			}
		}
		if got := strings.Join(all, ", "); got != want { // no route leads to orders/secret
			t.Errorf("roles %q, want %q", got, want)
		}
	}
	roles("E1", "orders/reader requestable, orders/approver requestable")
	s.submits("E1", ask("reader"))
	roles("E1", "orders/reader pending REQUEST_ALREADY_OPEN, orders/approver conflict REQUEST_DUTY_CONFLICT")
	s.moves("E2", "P1", day(4))
	s.completes("E2")
	roles("E2", "orders/reader held REQUEST_HELD_ALREADY, orders/approver conflict REQUEST_DUTY_CONFLICT")
	s.moves("E2", "P0", day(5)) // reader is being taken away
	roles("E2", "orders/reader requestable, orders/approver waiting REQUEST_DUTY_REMOVAL_PENDING")
	if r, err := s.client().ListRoles(s.As("E1"), &accessv1.ListRolesRequest{Application: "crm"}); err != nil || len(r.GetItems()) != 0 {
		t.Errorf("roles of another application: %v, %v", r, err)
	}
	for who, want := range map[string]string{"E404": "REQUEST_PERSON_NOT_EMPLOYED"} {
		if _, err := s.client().ListRoles(s.As(who), &accessv1.ListRolesRequest{}); reasonOf(err) != want {
			t.Errorf("%s: %v, want %s", who, err, want)
		}
	}
}
