package approval_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	"github.com/ostiary/ostiary/services/approval"
)

// friday is the last Friday before the Spring Festival of 2026, 12:00 in
// Shanghai. Saturday the 14th works, the 15th to the 23rd are free.
var friday = time.Date(2026, 2, 13, 4, 0, 0, 0, time.UTC)

// midnight is 24:00 of a day of February 2026 in Shanghai.
func midnight(day int) time.Time { return time.Date(2026, 2, day, 16, 0, 0, 0, time.UTC) }

// body: E1 works for E7, who works for E9; E31 owns the orders; E41 and E42 are
// security, E51 leads.
const body = `version: 1
effective: 2026-01-01T00:00:00+08:00
units: [{path: [总部, 研发部], head: E9}]
targets: [{id: t, kind: manual}]
functions: {security: [E41, E42], leadership: [E51], audit: [E99]}
applications: [{id: orders, owner: E31, target: t, roles: [{id: reader, level: B}, {id: writer, level: A}, {id: admin, level: C}, {id: ghost, level: D}]}]
routes:
  - {id: reference, when: 'role.level == "B"', steps: [{by: supervisor, due: 2wd}, {by: role_owner, due: 2wd}]}
  - {id: security, when: 'role.level == "A"', steps: [{any: [role_owner, "function:security"], quorum: 2}]}
  - {id: nobody, when: 'role.level == "D"', steps: [{by: "function:audit"}]}
escalation: {remind: 1wd, to: unit_head}
`

// directory is identity as the test tells it.
type directory struct {
	identityv1.UnimplementedIdentityServiceServer

	mu     sync.Mutex
	people map[string]*identityv1.Person
	down   bool
	broken string // of this number nothing can be told
	asked  string // how new the answer to the last question had to be
}

func (d *directory) GetPerson(ctx context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = strings.Join(metadata.ValueFromIncomingContext(ctx, grpckit.HeaderNotBefore), ",")
	if d.down || d.broken == r.GetEmployeeNumber() {
		return nil, fault.New(fault.Unavailable, "IDENTITY_DOWN", "down", "停机")
	}
	p, ok := d.people[r.GetEmployeeNumber()]
	if !ok {
		return nil, fault.New(fault.NotFound, "PERSON_NOT_FOUND", "nobody", "没有")
	}
	return &identityv1.GetPersonResponse{Person: p}, nil
}

func (d *directory) FindUnitHead(context.Context, *identityv1.FindUnitHeadRequest) (*identityv1.FindUnitHeadResponse, error) {
	return nil, fault.New(fault.NotFound, "UNIT_HEAD_UNKNOWN", "nobody", "没有")
}

// story is approval in the real host.
type story struct {
	*hosttest.Installation
	*directory
	t *testing.T
}

func begin(t *testing.T) *story {
	t.Helper()
	t.Parallel()
	d := &directory{people: map[string]*identityv1.Person{}}
	for number, supervisor := range map[string]string{
		"E1": "E7", "E2": "E7", "E7": "E9", "E8": "E9", "E9": "", "E31": "E9", "E41": "E9", "E42": "E9", "E51": "",
	} {
		d.people[number] = &identityv1.Person{
			EmployeeNumber: number, PersonId: "per_" + number, State: "active", Supervisor: supervisor, Unit: []string{"总部", "研发部"},
		}
	}
	s := &story{hosttest.Start(t, hosttest.Cast{
		Service: approval.Definition(), Sources: []string{"policy", "identity", "access-request"}, Now: friday,
		Neighbours: map[string]func(*servicekit.Platform) *servicekit.Service{
			"policy": nil, "access-request": nil,
			"identity": func(*servicekit.Platform) *servicekit.Service {
				return &servicekit.Service{Register: func(r grpc.ServiceRegistrar) { identityv1.RegisterIdentityServiceServer(r, d) }}
			},
		},
	}), d, t}
	s.activates(1, body)
	return s
}

func (s *story) activates(version int64, body string) {
	s.t.Helper()
	stream, digest := fmt.Sprintf("pack-%d", version), pack.Digest([]byte(body))
	s.Says("policy", stream,
		&policyv1.PackPublished{Version: version, Digest: digest, Body: []byte(body)},
		&policyv1.PackActivated{Version: version, Digest: digest, EffectiveAt: timestamppb.New(friday)})
}

// leaves lets somebody leave, and everybody know.
func (s *story) leaves(number string) {
	s.t.Helper()
	s.knows(number, func(p *identityv1.Person) { p.State = "left" })
	s.Says("identity", "person-"+number, &identityv1.EmploymentEnded{PersonId: "per_" + number, EmployeeNumber: number})
}

// knows changes what identity answers of somebody, and tells nobody.
func (s *story) knows(number string, change func(*identityv1.Person)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.people[number])
}

// newest is how new the answer to the last question to identity had to be.
func (s *story) newest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func party(number string) *approvalv1.Party {
	return &approvalv1.Party{PersonId: "per_" + number, EmployeeNumber: number}
}

func ask(id, requester, beneficiary, level string) *approvalv1.Ask {
	return &approvalv1.Ask{
		CaseId: "case_" + id, Kind: "access_request", Number: "AR-2026-" + id, Requester: party(requester), Beneficiary: party(beneficiary),
		Post: &approvalv1.Post{Unit: []string{"总部", "研发部"}, Supervisor: "E7"}, Digest: "d" + id,
		Role:  &approvalv1.Role{Application: "orders", Role: "r", Level: level},
		Shown: []*approvalv1.ShownLine{{Label: "Role", LabelZh: "角色", Value: "orders/r"}},
	}
}

// asks lets access-request ask for a role of a level.
func (s *story) asks(id, requester, beneficiary, level string) {
	s.t.Helper()
	s.Says("access-request", "holdings-per_"+beneficiary, &accessv1.AccessApprovalRequired{
		PersonId: "per_" + beneficiary, EmployeeNumber: beneficiary, RequestId: "req_" + id, Ask: ask(id, requester, beneficiary, level),
	})
}

func (s *story) client() approvalv1.ApprovalServiceClient {
	return approvalv1.NewApprovalServiceClient(s.Conn("approval"))
}

// decides signs as somebody and tells the reason of a refusal, "" if there was
// none.
func (s *story) decides(who, decision, id string) string {
	s.t.Helper()
	return s.request(s.As(who), &approvalv1.DecideRequest{CaseId: "case_" + id, Decision: decision, Digest: "d" + id, Reason: "because"})
}

func (s *story) request(ctx context.Context, r *approvalv1.DecideRequest) string {
	_, err := s.client().Decide(ctx, r)
	return reason(err)
}

func reason(err error) string {
	if f, ok := fault.Of(err); ok {
		return f.Reason
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// names lets somebody name a deputy from now on for some days.
func (s *story) names(of, deputy string, days int) string {
	s.t.Helper()
	_, err := s.client().NameDeputy(s.As(of), &approvalv1.NameDeputyRequest{
		Deputy: deputy, Until: timestamppb.New(s.Clock.Now().AddDate(0, 0, days)), Reason: "absence",
	})
	return reason(err)
}

// happened lists the names of the events of a case.
func (s *story) happened(id string) string {
	s.t.Helper()
	var names []string
	for _, f := range s.Stream("approval", "case-case_"+id) {
		names = append(names, strings.TrimPrefix(string(f.Message.ProtoReflect().Descriptor().Name()), "Approval"))
	}
	return strings.Join(names, " ")
}

func (s *story) expect(id, want string) {
	s.t.Helper()
	if got := s.happened(id); got != want {
		s.t.Errorf("case %s: %s\nwant %s", id, got, want)
	}
}

// last is the last signature of a case as "who by what for whom".
func (s *story) last(id string) string {
	s.t.Helper()
	r, err := s.client().GetApproval(s.As("root", "auditor"), &approvalv1.GetApprovalRequest{CaseId: "case_" + id})
	if err != nil {
		s.t.Fatal(err)
	}
	var all []string
	for _, step := range r.GetSteps() {
		for _, g := range step.GetSignatures() {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s by %s %s", g.GetSigner().GetEmployeeNumber(), g.GetBy(), g.GetOnBehalfOf().GetEmployeeNumber())))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// waiting lists the cases that wait for somebody.
func (s *story) waiting(who string) string {
	s.t.Helper()
	r, err := s.client().ListApprovals(s.As(who), &approvalv1.ListApprovalsRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	var ids []string
	for _, c := range r.GetItems() {
		ids = append(ids, strings.TrimPrefix(c.GetCaseId(), "case_"))
	}
	return strings.Join(ids, " ")
}

// Covers: APR-001, APR-002, APR-013
func TestACaseGoesByItsRouteAndEverySignatureStays(t *testing.T) {
	s := begin(t)
	preview, err := s.client().PreviewRoute(s.AsService("access-request"), &approvalv1.PreviewRouteRequest{Ask: ask("1", "E1", "E1", "B")})
	if err != nil || preview.GetRoute() != "reference" || len(preview.GetSteps()) != 2 ||
		preview.GetSteps()[0].GetSeats()[0].GetHolders()[0].GetEmployeeNumber() != "E7" || !preview.GetSteps()[0].GetDueAt().AsTime().Equal(midnight(24)) {
		t.Fatalf("preview %v, %v", preview, err)
	}
	s.asks("1", "E1", "E1", "B")
	if s.waiting("E7") != "1" || s.waiting("E31") != "" || s.waiting("E1") != "" {
		t.Errorf("waits for E7 %q, E31 %q, E1 %q", s.waiting("E7"), s.waiting("E31"), s.waiting("E1"))
	}
	if r := s.decides("E31", "approve", "1"); r != "APPROVAL_UNKNOWN" {
		t.Errorf("the owner before the supervisor: %q", r)
	}
	if r := s.decides("E7", "approve", "1"); r != "" {
		t.Fatal(r)
	}
	if s.waiting("E7") != "" || s.waiting("E31") != "1" {
		t.Error("the second step waits for the owner")
	}
	r, err := s.client().GetApproval(s.As("E31"), &approvalv1.GetApprovalRequest{CaseId: "AR-2026-1"})
	if err != nil || !r.GetMaySign() || r.GetApproval().GetStep() != 2 || len(r.GetApproval().GetShown()) != 1 || r.GetRoute() != "reference" ||
		r.GetSteps()[0].GetState() != "done" || r.GetSteps()[0].GetSignatures()[0].GetSigner().GetEmployeeNumber() != "E7" || r.GetSteps()[1].GetState() != "open" {
		t.Errorf("shown to the owner: %v, %v", r, err)
	}
	if r := s.decides("E31", "approve", "1"); r != "" {
		t.Fatal(r)
	}
	s.expect("1", "CaseOpened StepAssigned StepApproved StepAssigned StepApproved Granted")
	if got := s.last("1"); got != "E31 by role_owner" {
		t.Error(got)
	}
	if r := s.decides("E31", "refuse", "1"); r != "APPROVAL_CLOSED" {
		t.Errorf("after the outcome: %q", r)
	}
}

// Covers: APR-010
func TestADeputySignsForAWhileAndInNobodysCircle(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	if r := s.decides("E8", "approve", "1"); r != "APPROVAL_UNKNOWN" {
		t.Errorf("before being named: %q", r)
	}
	for _, c := range []struct{ of, to, want string }{
		{"E7", "E7", "DEPUTY_SELF"}, {"E7", "E404", "DEPUTY_NOT_FOUND"}, {"E7", "E8", ""}, {"E7", "E8", "DEPUTY_NAMED_ALREADY"}, {"E8", "E7", "DEPUTY_CIRCLE"},
	} {
		if got := s.names(c.of, c.to, 3); got != c.want {
			t.Errorf("%s names %s: %q, want %q", c.of, c.to, got, c.want)
		}
	}
	if s.waiting("E8") != "1" {
		t.Error("the deputy does not see what waits")
	}
	if r := s.decides("E8", "approve", "1"); r != "" {
		t.Fatal(r)
	}
	if got := s.last("1"); got != "E8 by supervisor E7" {
		t.Error(got)
	}
	s.asks("2", "E2", "E2", "B")
	s.Clock.Advance(4 * 24 * time.Hour)
	if r := s.decides("E8", "approve", "2"); r != "APPROVAL_UNKNOWN" {
		t.Errorf("after the time: %q", r)
	}
}

func TestADelegationIsListedAndRecalled(t *testing.T) {
	s := begin(t)
	if r := s.names("E7", "E8", 3); r != "" {
		t.Fatal(r)
	}
	for _, who := range []string{"E7", "E8"} {
		r, err := s.client().ListDeputies(s.As(who), &approvalv1.ListDeputiesRequest{})
		if err != nil || len(r.GetItems()) != 1 || r.GetItems()[0].GetDeputy().GetEmployeeNumber() != "E8" {
			t.Errorf("%s is shown %v, %v", who, r, err)
		}
	}
	r, err := s.client().ListDeputies(s.As("E9"), &approvalv1.ListDeputiesRequest{})
	if err != nil || len(r.GetItems()) != 0 {
		t.Errorf("others are shown %v, %v", r, err)
	}
	mine, _ := s.client().ListDeputies(s.As("E7"), &approvalv1.ListDeputiesRequest{})
	id := mine.GetItems()[0].GetDelegationId()
	if _, err := s.client().EndDeputy(s.As("E8"), &approvalv1.EndDeputyRequest{DelegationId: id}); reason(err) != "DEPUTY_UNKNOWN" {
		t.Errorf("the deputy recalls: %v", err)
	}
	if _, err := s.client().EndDeputy(s.As("E7"), &approvalv1.EndDeputyRequest{DelegationId: id}); err != nil {
		t.Error(err)
	}
	s.asks("1", "E1", "E1", "B")
	if r := s.decides("E8", "approve", "1"); r != "APPROVAL_UNKNOWN" {
		t.Errorf("after being recalled: %q", r)
	}
}

// away lets HR say that somebody is away from one day from now until another.
func (s *story) away(absence, number, deputy string, from, until int) {
	s.t.Helper()
	now := s.Clock.Now()
	s.Says("identity", "person-"+number, &identityv1.AbsenceRecorded{
		PersonId: "per_" + number, EmployeeNumber: number, Deputy: deputy, AbsenceId: absence,
		From: timestamppb.New(now.AddDate(0, 0, from)), Until: timestamppb.New(now.AddDate(0, 0, until)),
	})
}

// HR names a deputy for an absence: the deputy signs while it lasts, not a day
// longer, and not once the person is back.
//
// Covers: ACR-061, APR-011
func TestTheDeputyOfAnAbsenceSignsWhileItLasts(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.away("abs_1", "E7", "E8", 0, 9)
	if got := s.waiting("E8"); got != "1" {
		t.Errorf("for the deputy waits %q", got)
	}
	s.away("abs_1", "E7", "E9", 0, 9) // HR corrects whom it named
	if got := s.waiting("E8"); got != "" {
		t.Errorf("for the deputy who was named in error waits %q", got)
	}
	if got := s.waiting("E9"); got != "1" {
		t.Errorf("for the right deputy waits %q", got)
	}
	back := s.Clock.Now().AddDate(0, 0, 2)
	s.Says("identity", "person-E7", &identityv1.AbsenceEnded{PersonId: "per_E7", EmployeeNumber: "E7", AbsenceId: "abs_1", EffectiveAt: timestamppb.New(back)})
	s.Clock.Set(back.Add(-time.Microsecond))
	if got := s.waiting("E9"); got != "1" {
		t.Errorf("for the deputy waits %q before the day of the return", got)
	}
	s.Clock.Set(back)
	if r := s.decides("E9", "approve", "1"); r != "APPROVAL_UNKNOWN" {
		t.Errorf("after the return: %q", r)
	}
	s.away("abs_2", "E7", "E8", 0, 2)
	s.Says("identity", "person-E7", &identityv1.AbsenceEnded{PersonId: "per_E7", EmployeeNumber: "E7", AbsenceId: "abs_2", EffectiveAt: timestamppb.New(s.Clock.Now())})
	if got := s.waiting("E8"); got != "" {
		t.Errorf("for the deputy waits %q after the return at once", got)
	}
}

// When the longest time of a deputy is over and the absence goes on, an event says
// that nobody signs any more.
//
// Covers: APR-011
func TestItIsSaidWhenTheDeputyOfAnAbsenceWithoutAnEndSignsNoLonger(t *testing.T) {
	s := begin(t)
	now := s.Clock.Now()
	for id, number := range map[string]string{"abs_1": "E7", "abs_2": "E9"} {
		s.Says("identity", "person-"+number, &identityv1.AbsenceRecorded{
			PersonId: "per_" + number, EmployeeNumber: number, Deputy: "E8", AbsenceId: id, From: timestamppb.New(now.AddDate(-2, 0, 0)),
		})
	}
	s.Says("identity", "person-E9", &identityv1.AbsenceEnded{PersonId: "per_E9", EmployeeNumber: "E9", AbsenceId: "abs_2", EffectiveAt: timestamppb.New(now.AddDate(0, 0, 5))})
	s.Clock.Set(now.Add(366 * 24 * time.Hour))
	s.Eventually("it is said", func() bool { return len(s.Stream("approval", "authority-per_E7")) == 2 })
	e, ok := s.Stream("approval", "authority-per_E7")[1].Message.(*approvalv1.DeputyEnded)
	if !ok || e.GetReason() != "elapsed" || e.GetDelegationId() != "dlg_absence_abs_1" || e.GetEmployeeNumber() != "E7" {
		t.Errorf("said: %v", e)
	}
	facts := s.Stream("approval", "authority-per_E9")
	if e, ok := facts[len(facts)-1].Message.(*approvalv1.DeputyEnded); !ok || e.GetReason() != "returned" {
		t.Errorf("of whoever is back it says %v", facts[len(facts)-1].Message)
	}
}

// Absences that overlap or follow each other have each their deputy, for their
// own days.
//
// Covers: ACR-061
func TestEachAbsenceHasItsDeputyForItsDays(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.away("abs_1", "E7", "E8", 0, 2)
	s.away("abs_2", "E7", "E31", 1, 3)
	s.away("abs_3", "E7", "E8", 3, 5)
	for day, want := range []string{"E8", "E8 E31", "E31", "E8", "E8", ""} {
		s.Clock.Set(friday.AddDate(0, 0, day))
		var who []string
		for _, number := range []string{"E8", "E31"} {
			if s.waiting(number) != "" {
				who = append(who, number)
			}
		}
		if got := strings.Join(who, " "); got != want {
			t.Errorf("on day %d it waits for %q, want %q", day, got, want)
		}
	}
}

// Whom HR may not name is passed over, and everybody who reads the history sees
// why.
//
// Covers: ACR-061, APR-011
func TestAnEventSaysWhyADeputyWasPassedOver(t *testing.T) {
	s := begin(t)
	s.away("abs_1", "E7", "E404", 0, 5)
	s.away("abs_2", "E7", "E8", 0, 5)
	s.away("abs_3", "E8", "E7", 1, 2)
	for stream, want := range map[string]string{"authority-per_E7": "DEPUTY_NOT_FOUND", "authority-per_E8": "DEPUTY_CIRCLE"} {
		e, ok := s.Stream("approval", stream)[0].Message.(*approvalv1.DeputyPassedOver)
		if !ok || e.GetRefusal() != want || e.GetMessage() == "" || e.GetMessageZh() == "" {
			t.Errorf("%s: %v, want %s", stream, e, want)
		}
	}
}

// Two who name each other at the same moment close no circle.
//
// Covers: APR-010, APR-011
func TestNobodyRacesIntoACircle(t *testing.T) {
	s := begin(t)
	var wait sync.WaitGroup
	answers := make([]string, 2)
	for i, c := range [][2]string{{"E7", "E8"}, {"E8", "E7"}} {
		wait.Go(func() { answers[i] = s.names(c[0], c[1], 3) })
	}
	wait.Wait()
	slices.Sort(answers)
	if answers[0] != "" || answers[1] != "DEPUTY_CIRCLE" {
		t.Errorf("answers %q", answers)
	}
}

// Covers: APR-011
func TestNobodyDecidesTheOwnMatterByAnyPath(t *testing.T) {
	s := begin(t)
	s.knows("E7", func(p *identityv1.Person) { p.Supervisor = "E9" })
	// E7 asks for E1, whose supervisor is E7: the seat goes to E9.
	s.asks("1", "E7", "E1", "B")
	if r := s.decides("E7", "approve", "1"); r != "SIGNER_OWN_MATTER" {
		t.Errorf("the requester: %q", r)
	}
	if r := s.decides("E1", "approve", "1"); r != "SIGNER_OWN_MATTER" {
		t.Errorf("the beneficiary: %q", r)
	}
	// E9 is represented by the requester, who is represented by E8: E8 was
	// chosen by whom it is about, and so does not sign for E9.
	for _, c := range [][2]string{{"E9", "E7"}, {"E7", "E8"}} {
		if r := s.names(c[0], c[1], 9); r != "" {
			t.Fatal(r)
		}
	}
	if r := s.decides("E7", "approve", "1"); r != "SIGNER_OWN_MATTER" {
		t.Errorf("the requester as a deputy: %q", r)
	}
	if r := s.decides("E8", "approve", "1"); r != "APPROVAL_UNKNOWN" {
		t.Errorf("a deputy of the requester: %q", r)
	}
	if s.waiting("E8") != "" || s.waiting("E7") != "" {
		t.Error("the own matter waits for whom it is about")
	}
	if r := s.decides("E9", "approve", "1"); r != "" {
		t.Errorf("the signer: %q", r)
	}
}

// Covers: APR-007, APR-010
func TestAnApproverRevokedBetweenOpeningAndDecidingIsRefused(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	r, err := s.client().GetApproval(s.As("E7"), &approvalv1.GetApprovalRequest{CaseId: "case_1"})
	if err != nil || !r.GetMaySign() {
		t.Fatalf("opened: %v, %v", r, err)
	}
	// Identity knows that E1 now works for E8; the event has not come here yet.
	s.knows("E1", func(p *identityv1.Person) { p.Supervisor = "E8" })
	if r := s.decides("E7", "approve", "1"); r != "SIGNER_NOT_ENTITLED" {
		t.Errorf("who no longer supervises: %q", r)
	}
	s.Says("identity", "person-E1", &identityv1.PostChanged{PersonId: "per_E1", EmployeeNumber: "E1"})
	s.expect("1", "CaseOpened StepAssigned StepReassigned")
	if r := s.decides("E8", "approve", "1"); r != "" {
		t.Errorf("who supervises now: %q", r)
	}
	s.knows("E31", func(p *identityv1.Person) { p.State = "left" })
	if r := s.decides("E31", "approve", "1"); r != "SIGNER_LEFT" {
		t.Errorf("who has left: %q", r)
	}
}

// Somebody came between, so that another one heads the unit: whoever held the
// seat may not sign any more, and whoever may now finds the case and signs, also
// before the case has been looked at again.
//
// Covers: APR-010
func TestWhoeverIsEntitledByNowFindsTheCaseAndSigns(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	if r := s.decides("E8", "approve", "1"); r != "APPROVAL_UNKNOWN" {
		t.Errorf("who has nothing to do with it: %q", r)
	}
	s.knows("E1", func(p *identityv1.Person) { p.Supervisor = "E8" })
	if r := s.names("E8", "E2", 3); r != "" {
		t.Fatal(r)
	}
	if r := s.decides("E7", "approve", "1"); r != "SIGNER_NOT_ENTITLED" {
		t.Errorf("who held the seat: %q", r)
	}
	for _, who := range []string{"E8", "E2"} {
		r, err := s.client().GetApproval(s.As(who), &approvalv1.GetApprovalRequest{CaseId: "case_1"})
		if err != nil || r.GetApproval().GetCaseId() != "case_1" {
			t.Errorf("%s is shown %v, %v", who, r, err)
		}
	}
	if r := s.decides("E2", "approve", "1"); r != "" {
		t.Fatalf("the deputy of who is entitled now: %q", r)
	}
	if got := s.last("1"); got != "E2 by supervisor E8" {
		t.Error(got)
	}
	s.expect("1", "CaseOpened StepAssigned StepReassigned StepApproved StepAssigned")
}

// Somebody who has no part in a case comes or moves, and that changes who may sign:
// the case goes to whoever may by now, also if the process had stopped between.
//
// Covers: APR-010
func TestWhoComesOrMovesChangesWhoSignsForOthers(t *testing.T) {
	s := begin(t)
	s.knows("E7", func(p *identityv1.Person) { p.State = "left" })
	s.asks("1", "E1", "E1", "B")
	becomes := func(what, want, signer string) {
		t.Helper()
		s.Eventually(what, func() bool { return s.happened("1") == want && s.waiting(signer) == "1" })
	}
	becomes("the superior signs", "CaseOpened StepAssigned", "E9")
	s.knows("E7", func(p *identityv1.Person) { p.State = "active" })
	s.Says("identity", "person-E7", &identityv1.EmploymentStarted{PersonId: "per_E7", EmployeeNumber: "E7", Rehire: true})
	becomes("who came back signs", "CaseOpened StepAssigned StepReassigned", "E7")
	s.knows("E1", func(p *identityv1.Person) { p.Supervisor = "E8" })
	s.Says("identity", "person-E2", &identityv1.PostChanged{PersonId: "per_E2", EmployeeNumber: "E2"})
	becomes("another one moved", "CaseOpened StepAssigned StepReassigned StepReassigned", "E8")
	s.knows("E1", func(p *identityv1.Person) { p.Supervisor = "E7" })
	last := s.Says("identity", "person-E2", &identityv1.AbsenceEnded{PersonId: "per_E2", EmployeeNumber: "E2"})
	s.Restart()
	becomes("a start looks by itself", "CaseOpened StepAssigned StepReassigned StepReassigned StepReassigned", "E7")
	if want := grpckit.FormatPosition("identity", last); s.newest() != want {
		t.Errorf("at the start identity was asked for what is as new as %q, want %q", s.newest(), want)
	}
	s.knows("E1", func(p *identityv1.Person) { p.Supervisor = "" })
	s.Says("identity", "person-E2", &identityv1.PostChanged{PersonId: "per_E2", EmployeeNumber: "E2"})
	s.Eventually("nobody is left who could sign", func() bool { return strings.HasSuffix(s.happened("1"), " Cancelled") })
}

// A case that cannot be looked at keeps no other from going to its new signer, and
// is looked at again without anybody having to come or move.
func TestACaseThatCannotBeLookedAtKeepsNoOtherWaiting(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.asks("2", "E2", "E2", "B")
	s.mu.Lock()
	s.broken = "E1"
	s.mu.Unlock()
	s.knows("E2", func(p *identityv1.Person) { p.Supervisor = "E8" })
	s.Says("identity", "person-E42", &identityv1.EmploymentStarted{PersonId: "per_E42", EmployeeNumber: "E42"})
	s.Eventually("the other case is with its new signer", func() bool { return s.happened("2") == "CaseOpened StepAssigned StepReassigned" })
	s.expect("1", "CaseOpened StepAssigned")
	s.knows("E1", func(p *identityv1.Person) { p.Supervisor = "E8" })
	s.mu.Lock()
	s.broken = ""
	s.mu.Unlock()
	s.Eventually("the case is looked at again", func() bool { return s.happened("1") == "CaseOpened StepAssigned StepReassigned" })
}

func TestNothingIsDecidedWhileIdentityCannotBeAsked(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.mu.Lock()
	s.down = true
	s.mu.Unlock()
	if r := s.decides("E7", "approve", "1"); r != "IDENTITY_DOWN" {
		t.Errorf("got %q", r)
	}
	s.expect("1", "CaseOpened StepAssigned")
}

func TestTheSameDecisionAHundredTimesIsOne(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	id := uuid.NewString()
	var wait sync.WaitGroup
	var mu sync.Mutex
	refused := map[string]int{}
	for i := range 100 {
		wait.Go(func() {
			ctx := s.As("E7")
			if i%2 == 0 {
				ctx = metadata.AppendToOutgoingContext(ctx, grpckit.HeaderCommandID, id)
			}
			r := s.request(ctx, &approvalv1.DecideRequest{CaseId: "case_1", Decision: "approve", Digest: "d1"})
			mu.Lock()
			defer mu.Unlock()
			refused[r]++
		})
	}
	wait.Wait()
	if n := strings.Count(s.happened("1"), "StepApproved"); n != 1 {
		t.Errorf("%d signatures of one person: %s", n, s.happened("1"))
	}
	if refused[""] < 1 || refused[""] > 50 {
		t.Errorf("answers %v", refused)
	}
}

// Covers: APR-005
func TestRefusedReturnedPostponed(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	for what, r := range map[string]*approvalv1.DecideRequest{
		"APPROVAL_DECISION_UNKNOWN": {CaseId: "case_1", Decision: "agree", Digest: "d1"},
		"APPROVAL_REASON_MISSING":   {CaseId: "case_1", Decision: "refuse", Digest: "d1", Reason: " "},
		"APPROVAL_DIGEST_MISSING":   {CaseId: "case_1", Decision: "approve"},
		"APPROVAL_CHANGED":          {CaseId: "case_1", Decision: "approve", Digest: "other"},
		"APPROVAL_UNTIL_INVALID":    {CaseId: "case_1", Decision: "postpone", Digest: "d1", Reason: "x"},
		"APPROVAL_UNKNOWN":          {CaseId: "case_9", Decision: "approve", Digest: "d1"},
	} {
		if got := s.request(s.As("E7"), r); got != what {
			t.Errorf("%q, want %q", got, what)
		}
	}
	until := s.Clock.Now().AddDate(0, 0, 3)
	if r := s.request(s.As("E7"), &approvalv1.DecideRequest{CaseId: "case_1", Decision: "postpone", Digest: "d1", Reason: "later", Until: timestamppb.New(until)}); r != "" {
		t.Fatal(r)
	}
	if s.waiting("E7") != "" || s.decides("E7", "approve", "1") != "APPROVAL_POSTPONED" {
		t.Error("a postponed case waits for nobody")
	}
	s.Clock.Set(until)
	s.Eventually("the case goes on", func() bool { return strings.HasSuffix(s.happened("1"), "StepAssigned") })
	if r := s.decides("E7", "return", "1"); r != "" {
		t.Error(r)
	}
	s.expect("1", "CaseOpened StepAssigned Postponed StepAssigned Returned")
	s.asks("2", "E2", "E2", "B")
	if r := s.decides("E7", "refuse", "2"); r != "" {
		t.Error(r)
	}
	s.expect("2", "CaseOpened StepAssigned StepRefused Refused")
}

// Covers: APR-010, XCT-010
func TestALateStepIsRemindedEscalatedAndLapsesInWorkingDays(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.asks("2", "E2", "E2", "B")
	s.Clock.Set(midnight(14).Add(-time.Microsecond))
	s.expect("1", "CaseOpened StepAssigned")
	s.Clock.Set(midnight(14)) // Saturday was a working day
	s.Eventually("reminded", func() bool { return strings.HasSuffix(s.happened("1"), "StepReminded") })
	s.Clock.Set(midnight(24)) // the first working day after the festival is over
	s.Eventually("escalated", func() bool { return strings.HasSuffix(s.happened("2"), "StepEscalated") })
	s.Eventually("the head of the unit is asked", func() bool { return s.waiting("E9") == "1 2" })
	if r := s.decides("E9", "approve", "2"); r != "" {
		t.Error(r)
	}
	if got := s.last("2"); got != "E9 by escalation:unit_head" {
		t.Error(got)
	}
	s.Clock.Set(midnight(27)) // two working days after the night in which it was escalated
	s.Eventually("lapsed", func() bool { return strings.HasSuffix(s.happened("1"), "Lapsed") })
	s.expect("1", "CaseOpened StepAssigned StepReminded StepEscalated Lapsed")
}

// shows is the step of a case that began last, as the auditor sees it.
func (s *story) shows(id string) *approvalv1.StepView {
	s.t.Helper()
	r, err := s.client().GetApproval(s.As("root", "auditor"), &approvalv1.GetApprovalRequest{CaseId: "case_" + id})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.GetSteps()[r.GetApproval().GetStep()-1]
}

// Covers: APR-010
func TestACaseTellsOfItsRemindersEscalationsAndLapse(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.asks("2", "E2", "E2", "B")
	if v := s.shows("1"); v.GetLapsesAt() != nil || len(v.GetReminders()) != 0 {
		t.Errorf("at first: %v", v)
	}
	if r := s.decides("E7", "refuse", "2"); r != "" {
		t.Fatal(r)
	}
	if v := s.shows("2"); v.GetState() != "refused" {
		t.Errorf("a step that was refused is %q", v.GetState())
	}
	s.Clock.Set(midnight(14))
	s.Eventually("reminded", func() bool { return strings.HasSuffix(s.happened("1"), "StepReminded") })
	v := s.shows("1")
	if r := v.GetReminders(); len(r) != 1 || !r[0].GetAt().AsTime().Equal(midnight(14)) || len(r[0].GetTo()) != 1 || r[0].GetTo()[0].GetEmployeeNumber() != "E7" {
		t.Errorf("reminders: %v", r)
	}
	s.Clock.Set(midnight(24))
	s.Eventually("escalated", func() bool { return strings.HasSuffix(s.happened("1"), "StepEscalated") })
	v = s.shows("1")
	if e := v.GetEscalations(); len(e) != 1 || !e[0].GetAt().AsTime().Equal(midnight(24)) || e[0].GetTo().GetBy() != "unit_head" || e[0].GetTo().GetHolders()[0].GetEmployeeNumber() != "E9" {
		t.Errorf("escalations: %v", e)
	}
	if v.GetState() != "open" || !v.GetLapsesAt().AsTime().Equal(v.GetDueAt().AsTime()) {
		t.Errorf("after the escalation: %v", v)
	}
	at := v.GetLapsesAt().AsTime()
	s.Clock.Set(at)
	s.Eventually("lapsed", func() bool { return strings.HasSuffix(s.happened("1"), "Lapsed") })
	if v := s.shows("1"); v.GetState() != "lapsed" || !v.GetLapsedAt().AsTime().Equal(at) || v.GetLapsesAt() != nil {
		t.Errorf("after the lapse: %v", v)
	}
}

// Covers: APR-010
func TestARequestWhoseEndPassesWhileItWaitsLapsesByItself(t *testing.T) {
	s := begin(t)
	end := friday.Add(12 * time.Hour) // long before anybody is late
	for _, id := range []string{"1", "2"} {
		a := ask(id, "E1", "E1", "B")
		a.NeededUntil = timestamppb.New(end)
		s.Says("access-request", "holdings-per_E1", &accessv1.AccessApprovalRequired{PersonId: "per_E1", EmployeeNumber: "E1", RequestId: "req_" + id, Ask: a})
	}
	if r := s.decides("E7", "approve", "1"); r != "" {
		t.Fatal(r)
	}
	postpone := func(until time.Time) string {
		return s.request(s.As("E7"), &approvalv1.DecideRequest{CaseId: "case_2", Decision: "postpone", Digest: "d2", Reason: "later", Until: timestamppb.New(until)})
	}
	if r := postpone(end.AddDate(0, 0, 9)); r != "APPROVAL_UNTIL_OVER" {
		t.Errorf("to a day after its end: %q", r)
	}
	if r := postpone(end.Add(-time.Microsecond)); r != "" {
		t.Fatal(r)
	}
	if v := s.shows("1"); !v.GetLapsesAt().AsTime().Equal(end) {
		t.Errorf("it says to lapse at %v", v.GetLapsesAt())
	}
	s.Clock.Set(end)
	for _, id := range []string{"1", "2"} {
		s.Eventually("lapsed", func() bool { return strings.HasSuffix(s.happened(id), "Lapsed") })
	}
	s.expect("1", "CaseOpened StepAssigned StepApproved StepAssigned Lapsed")
	s.expect("2", "CaseOpened StepAssigned Postponed StepAssigned Lapsed")
	facts := s.Stream("approval", "case-case_1")
	if e := facts[len(facts)-1].Message.(*approvalv1.ApprovalLapsed); e.GetReason() != "over" {
		t.Errorf("it lapsed because of %q", e.GetReason())
	}
	if r := s.decides("E7", "approve", "1"); r != "APPROVAL_CLOSED" {
		t.Errorf("after its end: %q", r)
	}
}

// Covers: APR-010
func TestWhenAnApproverLeavesOthersSign(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.asks("2", "E1", "E1", "A")
	if r := s.names("E7", "E8", 30); r != "" {
		t.Fatal(r)
	}
	s.leaves("E7")
	if s.waiting("E9") != "1" || s.waiting("E8") != "" {
		t.Errorf("waits for E9 %q, for the leaver's deputy %q", s.waiting("E9"), s.waiting("E8"))
	}
	facts := s.Stream("approval", "authority-per_E7")
	if e, ok := facts[len(facts)-1].Message.(*approvalv1.DeputyEnded); !ok || e.GetReason() != "leaver" {
		t.Errorf("the delegation of the leaver: %v", facts[len(facts)-1].Message)
	}
	// One of two signatures is needed from the owner; after owner and superior
	// have gone, nobody can give it.
	s.leaves("E31")
	s.expect("2", "CaseOpened StepAssigned StepReassigned")
	s.leaves("E9")
	s.expect("2", "CaseOpened StepAssigned StepReassigned StepReassigned Cancelled")
	s.expect("1", "CaseOpened StepAssigned StepReassigned StepReassigned Cancelled")
}

// Covers: APR-007
func TestANewPackGivesFunctionsToOthersAndKeepsTheRoute(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "A")
	if s.waiting("E41") != "1" {
		t.Error("security is not asked")
	}
	s.activates(2, strings.NewReplacer("version: 1", "version: 2", "security: [E41, E42]", "security: [E42, E8]", "quorum: 2", "quorum: 1").Replace(body))
	if s.waiting("E41") != "" || s.waiting("E8") != "1" {
		t.Error("the case does not follow the function")
	}
	if r := s.decides("E8", "approve", "1"); r != "" {
		t.Fatal(r)
	}
	s.expect("1", "CaseOpened StepAssigned StepReassigned StepApproved") // two are still needed
	if r := s.decides("E31", "approve", "1"); r != "" {
		t.Fatal(r)
	}
	s.expect("1", "CaseOpened StepAssigned StepReassigned StepApproved StepApproved Granted")
}

// Covers: APR-008
func TestLeadershipAuthorisesDirectlyAndItIsMarked(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "A")
	if r := s.decides("E41", "authorise", "1"); r != "SIGNER_NOT_LEADERSHIP" {
		t.Errorf("somebody else: %q", r)
	}
	if r := s.decides("E51", "authorise", "1"); r != "" {
		t.Fatal(r)
	}
	facts := s.Stream("approval", "case-case_1")
	if e, ok := facts[len(facts)-1].Message.(*approvalv1.ApprovalGranted); !ok || !e.GetDirect() {
		t.Errorf("the outcome is %v", facts[len(facts)-1].Message)
	}
}

func TestWhatNobodyCanSignIsRefusedBeforeItIsAsked(t *testing.T) {
	s := begin(t)
	for level, want := range map[string]string{"C": "NO_ROUTE", "D": "NO_SIGNER"} {
		_, err := s.client().PreviewRoute(s.AsService("access-request"), &approvalv1.PreviewRouteRequest{Ask: ask("1", "E1", "E1", level)})
		if reason(err) != want {
			t.Errorf("level %s: %v, want %s", level, err, want)
		}
	}
	// Asked all the same, because the pack changed in between: it ends at once.
	s.asks("1", "E1", "E1", "C")
	s.expect("1", "CaseOpened Cancelled")
	s.asks("2", "E2", "E2", "D")
	s.expect("2", "CaseOpened Cancelled")
}

func TestAWithdrawnRequestAsksNobodyAnyMore(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	s.Says("access-request", "holdings-per_E1", &accessv1.AccessRequestWithdrawn{PersonId: "per_E1", EmployeeNumber: "E1", RequestId: "req_1", CaseId: "case_1"})
	s.expect("1", "CaseOpened StepAssigned Cancelled")
	if s.waiting("E7") != "" {
		t.Error("it waits")
	}
}

func TestACaseIsShownToWhomItConcerns(t *testing.T) {
	s := begin(t)
	s.asks("1", "E1", "E1", "B")
	for who, want := range map[string]string{"E1": "", "E7": "", "E9": "APPROVAL_UNKNOWN", "E31": "APPROVAL_UNKNOWN"} {
		_, err := s.client().GetApproval(s.As(who), &approvalv1.GetApprovalRequest{CaseId: "case_1"})
		if reason(err) != want {
			t.Errorf("%s: %v, want %q", who, err, want)
		}
	}
	if _, err := s.client().GetApproval(s.AsService("access-request"), &approvalv1.GetApprovalRequest{CaseId: "case_1"}); err != nil {
		t.Errorf("a service: %v", err)
	}
	list := func(ctx context.Context, scope string) (int, string) {
		r, err := s.client().ListApprovals(ctx, &approvalv1.ListApprovalsRequest{Scope: scope})
		return len(r.GetItems()), reason(err)
	}
	if n, r := list(s.As("E1"), "asked"); n != 1 || r != "" {
		t.Errorf("what E1 asked: %d %s", n, r)
	}
	if _, r := list(s.As("E1"), "all"); r != "APPROVAL_SCOPE" {
		t.Errorf("all for anybody: %q", r)
	}
	if n, r := list(s.As("root", "auditor"), "all"); n != 1 || r != "" {
		t.Errorf("all for the auditor: %d %s", n, r)
	}
}

func TestListsArePaged(t *testing.T) {
	s := begin(t)
	for n := range 7 {
		s.asks(fmt.Sprint(n), "E1", "E1", []string{"A", "B"}[n%2])
	}
	var seen []string
	r := &approvalv1.ListApprovalsRequest{Scope: "all", Limit: 3}
	for {
		page, err := s.client().ListApprovals(s.As("root", "auditor"), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.GetItems() {
			seen = append(seen, strings.TrimPrefix(c.GetCaseId(), "case_"))
		}
		if r.After = page.GetNext(); r.After == "" {
			break
		}
	}
	if got := strings.Join(seen, ""); got != "1350246" { // those with a deadline first
		t.Errorf("seen %s", got)
	}
	if _, err := s.client().ListApprovals(s.As("root", "auditor"), &approvalv1.ListApprovalsRequest{After: "x"}); reason(err) != "CURSOR_INVALID" {
		t.Errorf("an invented cursor: %v", err)
	}
}
