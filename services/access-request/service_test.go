package accessrequest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	accessrequest "github.com/ostiary/ostiary/services/access-request"
	"github.com/ostiary/ostiary/services/access-request/internal/rpc"
)

// Days of the story; the clock stands at noon of the tenth.
var noon = day(10).Add(12 * time.Hour)

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

// story is access-request in the real host.
type story struct {
	*hosttest.Installation
	t *testing.T
}

func begin(t *testing.T) *story {
	t.Helper()
	t.Parallel()
	neighbours := []string{"identity", "policy", "approval", "provisioning"}
	c := hosttest.Cast{
		Service: accessrequest.Definition(), Sources: neighbours, Now: noon,
		Neighbours: map[string]func(*servicekit.Platform) *servicekit.Service{},
	}
	for _, n := range neighbours {
		c.Neighbours[n] = nil
	}
	return &story{hosttest.Start(t, c), t}
}

// body is a pack that gives orders/reader to P1 and orders/writer to P2.
const body = `version: 1
effective: 2026-01-01T00:00:00+08:00
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN}]
applications:
  - {id: orders, target: orders-db, roles: [{id: reader}, {id: writer}]}
matrix:
  - {where: 'attributes.project == "P1"', grants: [orders/reader]}
  - {where: 'attributes.project == "P2"', grants: [orders/writer]}
`

func (s *story) activates(version int64, body string) {
	s.t.Helper()
	stream, digest := fmt.Sprintf("pack-%d", version), pack.Digest([]byte(body))
	s.Says("policy", stream,
		&policyv1.PackPublished{Version: version, Digest: digest, Body: []byte(body)},
		&policyv1.PackActivated{Version: version, Digest: digest, EffectiveAt: timestamppb.New(day(1))})
}

func (s *story) starts(employee, project string, at time.Time) {
	s.t.Helper()
	s.Says("identity", "person-"+employee, &identityv1.EmploymentStarted{
		PersonId: "per_" + employee, EmployeeNumber: employee, Kind: "employee", EffectiveAt: timestamppb.New(at),
		Post: &identityv1.Post{Unit: []string{"总部"}, Position: "engineer", Attributes: map[string]string{"project": project}},
	})
}

func (s *story) moves(employee, project string, at time.Time) {
	s.t.Helper()
	s.Says("identity", "person-"+employee, &identityv1.PostChanged{
		PersonId: "per_" + employee, EmployeeNumber: employee, Kind: "employee", EffectiveAt: timestamppb.New(at),
		Post: &identityv1.Post{Unit: []string{"总部"}, Position: "engineer", Attributes: map[string]string{"project": project}},
	})
}

// completes lets the target answer every open order of a person.
func (s *story) completes(employee string) {
	s.t.Helper()
	for _, g := range s.list(&accessv1.ListGrantsRequest{EmployeeNumber: employee}) {
		operation := map[string]string{"issued": "add", "suspending": "remove", "revoking": "remove"}[g.GetState()]
		if operation == "" {
			continue
		}
		s.Says("provisioning", "orders-orders-db/"+employee, &provisioningv1.ProvisioningCompleted{
			PersonId: g.GetPersonId(), EmployeeNumber: employee, GrantId: g.GetGrantId(), Operation: operation, Turn: s.turn(g),
		})
	}
}

// turn is the turn of a grant by its events.
func (s *story) turn(g *accessv1.Grant) (turn int32) {
	for _, f := range s.Stream("access-request", "holdings-"+g.GetPersonId()) {
		if e, ok := f.Message.(interface {
			GetGrantId() string
			GetTurn() int32
		}); ok && e.GetGrantId() == g.GetGrantId() {
			turn = e.GetTurn()
		}
	}
	return turn
}

func (s *story) list(r *accessv1.ListGrantsRequest) []*accessv1.Grant {
	s.t.Helper()
	answer, err := s.client().ListGrants(s.As("ada", "auditor"), r)
	if err != nil {
		s.t.Fatalf("list: %v", err)
	}
	return answer.GetItems()
}

func (s *story) client() accessv1.AccessRequestServiceClient {
	return accessv1.NewAccessRequestServiceClient(s.Conn("access-request"))
}

// shown is "role state, role state".
func shown(grants []*accessv1.Grant) string {
	var lines []string
	for _, g := range grants {
		lines = append(lines, g.GetRole()+" "+g.GetState())
	}
	return strings.Join(lines, ", ")
}

func (s *story) expect(what string, r *accessv1.ListGrantsRequest, want string) {
	s.t.Helper()
	if got := shown(s.list(r)); got != want {
		s.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// Everybody is shown what they hold themselves, and nobody what others hold but
// those whose work it is.
//
// Covers: ACR-033
func TestEverybodySeesTheOwnRightsAndNobodyThoseOfOthers(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	s.starts("E1", "P1", day(3))
	s.starts("E2", "P1", day(3))
	for _, c := range []struct {
		who, what string
		r         *accessv1.ListGrantsRequest
		want      string
	}{
		{"E1", "", &accessv1.ListGrantsRequest{}, "E1"},
		{"E1", "", &accessv1.ListGrantsRequest{Own: true}, "E1"},
		{"E1", "", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "E1"},
		{"E1", "", &accessv1.ListGrantsRequest{Role: "orders/reader"}, "E1"},
		{"E1", "", &accessv1.ListGrantsRequest{EmployeeNumber: "E2"}, "GRANTS_OF_OTHERS"},
		{"E1", "", &accessv1.ListGrantsRequest{EmployeeNumber: "E404"}, "GRANTS_OF_OTHERS"}, // nor whether there is such a person
		{"E1", "reception", &accessv1.ListGrantsRequest{EmployeeNumber: "E2"}, "GRANTS_OF_OTHERS"},
		{"E1", "auditor", &accessv1.ListGrantsRequest{}, "E1 E2"},
		{"E1", "auditor", &accessv1.ListGrantsRequest{Own: true}, "E1"},
		{"E1", "hr", &accessv1.ListGrantsRequest{EmployeeNumber: "E2"}, "E2"},
	} {
		r, err := s.client().ListGrants(s.As(c.who, strings.Fields(c.what)...), c.r)
		got := reasonOf(err)
		if err == nil {
			var all []string
			for _, g := range r.GetItems() {
				all = append(all, g.GetEmployeeNumber())
			}
			got = strings.Join(all, " ")
		}
		if got != c.want {
			t.Errorf("%s %s asks for %v: %q, want %q", c.who, c.what, c.r, got, c.want)
		}
	}
}

// Covers: ACR-033, ACR-059
func TestWhoHoldsWhatNowAndAtAnyPastInstant(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	s.starts("E1", "P1", day(3)) // told on the tenth, true since the third
	person := func() *accessv1.ListGrantsRequest { return &accessv1.ListGrantsRequest{EmployeeNumber: "E1"} }
	at := func(d time.Time) *accessv1.ListGrantsRequest {
		r := person()
		r.At = timestamppb.New(d)
		return r
	}
	known := func(r *accessv1.ListGrantsRequest, k time.Time) *accessv1.ListGrantsRequest {
		r.KnownAt = timestamppb.New(k)
		return r
	}
	s.expect("decided", person(), "reader issued")
	s.expect("decided, in the past", at(day(5)), "reader issued")
	issued := noon
	s.Clock.Advance(time.Hour)
	s.completes("E1")
	activated := s.Clock.Now()
	s.expect("read back", person(), "reader active")
	s.expect("since the third, as it turned out", at(day(5)), "reader active")
	s.expect("but between decision and read-back it was not there yet", at(issued.Add(time.Minute)), "reader issued")
	s.expect("not before the third", at(day(3).Add(-time.Microsecond)), "")
	s.expect("from the third on", at(day(3)), "reader active")
	s.expect("nobody knew before the tenth", known(at(day(5)), noon.Add(-time.Microsecond)), "")
	s.expect("it was only decided then", known(person(), activated.Add(-time.Microsecond)), "reader issued")

	s.Clock.Set(day(20))
	s.moves("E1", "P2", day(15)) // told on the twentieth
	s.expect("after the move", person(), "reader revoking, writer issued")
	s.Clock.Set(day(21))
	s.completes("E1")
	s.expect("in the end", person(), "writer active")
	all := person()
	all.IncludeRemoved = true
	s.expect("with what is gone", all, "reader removed, writer active")
	s.expect("before the move", at(day(15).Add(-time.Microsecond)), "reader active")
	s.expect("between the move and the telling", at(day(16)), "writer active")
	s.expect("between the telling and the read-back", at(day(20).Add(time.Hour)), "reader revoking, writer issued")
	s.expect("what was thought about the sixteenth before it was told", known(at(day(16)), day(20).Add(-time.Microsecond)), "reader active")

	g := s.list(all)[0]
	if !g.GetValidFrom().AsTime().Equal(day(3)) || !g.GetValidUntil().AsTime().Equal(day(15)) || g.GetAccount() != "E1" ||
		g.GetKind() != "birthright" || g.GetPersonId() != "per_E1" || g.GetApplication() != "orders" {
		t.Errorf("the grant is %v", g)
	}
	var removal int64
	for _, f := range s.Stream("access-request", "holdings-per_E1") {
		if _, ok := f.Message.(*accessv1.GrantRemovalConfirmed); ok {
			removal = f.Position
		}
	}
	if g.GetPosition() != removal || g.GetIssuedPosition() == 0 {
		t.Errorf("position %d, want that of the removal, %d", g.GetPosition(), removal)
	}
}

// Covers: ACR-032, ACR-033
func TestListsArePagedByRole(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	for n := range 7 {
		s.starts(fmt.Sprintf("E%d", n), []string{"P1", "P2"}[n%2], day(3))
	}
	var seen []string
	r := &accessv1.ListGrantsRequest{Role: "orders/reader", Limit: 3}
	for pages := 0; ; pages++ {
		answer, err := s.client().ListGrants(s.As("ada", "access-admin"), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range answer.GetItems() {
			seen = append(seen, g.GetEmployeeNumber())
		}
		if r.After = answer.GetNext(); r.After == "" {
			if pages != 1 {
				t.Errorf("four grants in %d pages of three", pages+1)
			}
			break
		}
	}
	if want := []string{"E0", "E2", "E4", "E6"}; !slices.Equal(seen, want) {
		t.Errorf("readers %v, want %v", seen, want)
	}
	if all := s.list(&accessv1.ListGrantsRequest{}); len(all) != 7 {
		t.Errorf("%d grants of everybody, want 7", len(all))
	}
}

func TestListsRefuseWhatTheyCannotAnswer(t *testing.T) {
	s := begin(t)
	ctx := s.As("ada", "auditor")
	for name, tc := range map[string]struct {
		ctx     context.Context
		request *accessv1.ListGrantsRequest
		want    error
	}{
		"a role without application":   {ctx, &accessv1.ListGrantsRequest{Role: "reader"}, rpc.ErrRoleForm},
		"an application alone":         {ctx, &accessv1.ListGrantsRequest{Role: "orders/"}, rpc.ErrRoleForm},
		"an invented cursor":           {ctx, &accessv1.ListGrantsRequest{After: "x"}, rpc.ErrCursor},
		"an impossible instant":        {ctx, &accessv1.ListGrantsRequest{At: &timestamppb.Timestamp{Seconds: 1 << 60}}, rpc.ErrInstant},
		"of a person unknown":          {ctx, &accessv1.ListGrantsRequest{EmployeeNumber: "E9"}, rpc.ErrPersonUnknown},
		"of a role unknown":            {ctx, &accessv1.ListGrantsRequest{Role: "orders/raeder"}, rpc.ErrRoleUnknown},
		"nobody":                       {t.Context(), &accessv1.ListGrantsRequest{}, authz.ErrUnauthenticated},
		"an employee":                  {s.As("eve", "employee"), &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, rpc.ErrOthersGrants},
		"nobody's account, of itself":  {s.AsNobody("root", "admin"), &accessv1.ListGrantsRequest{}, rpc.ErrNobodysGrants},
		"an auditor's, of itself":      {s.AsNobody("ada", "auditor"), &accessv1.ListGrantsRequest{Own: true}, rpc.ErrNobodysGrants},
		"nobody's account, of a role":  {s.AsNobody("root", "admin"), &accessv1.ListGrantsRequest{Role: "orders/reader"}, rpc.ErrOthersGrants},
		"a service, of itself":         {s.AsService("provisioning"), &accessv1.ListGrantsRequest{Own: true}, rpc.ErrNobodysGrants},
		"a service that need not know": {s.AsService("policy"), &accessv1.ListGrantsRequest{}, authz.ErrForbidden},
	} {
		if _, err := s.client().ListGrants(tc.ctx, tc.request); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// Covers: IDN-030
func TestALeaverIsClearedThroughTheRealInboxes(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	s.starts("E1", "P1", day(3))
	s.completes("E1")
	s.Says("identity", "person-E1", &identityv1.EmploymentEnded{PersonId: "per_E1", EmployeeNumber: "E1", EffectiveAt: timestamppb.New(day(9))})
	s.expect("revoked", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "reader revoking")
	s.completes("E1")
	s.expect("gone", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "")
	facts := s.Stream("access-request", "holdings-per_E1")
	if e, ok := facts[len(facts)-1].Message.(*accessv1.HoldingsCleared); !ok || e.GetGrants() != 1 {
		t.Errorf("the last event is %v", facts[len(facts)-1].Message)
	}
}

// transfers moves a person by a transfer that is being cleared.
func (s *story) transfers(employee, project string, at time.Time, clearance string) {
	s.t.Helper()
	s.Says("identity", "person-"+employee, &identityv1.PostChanged{
		PersonId: "per_" + employee, EmployeeNumber: employee, Kind: "employee", EffectiveAt: timestamppb.New(at), CaseId: clearance,
		Post: &identityv1.Post{Unit: []string{"总部"}, Position: "engineer", Attributes: map[string]string{"project": project}},
	})
}

// Covers: IDN-025, IDN-030
func TestATransferIsClearedThroughTheRealInboxes(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	s.starts("E1", "P1", day(3))
	s.completes("E1")
	s.transfers("E1", "P2", day(4), "cas_1")
	s.expect("moved", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "reader revoking, writer issued")
	s.completes("E1")
	var said *accessv1.PostRightsCleared
	for _, f := range s.Stream("access-request", "holdings-per_E1") {
		if e, ok := f.Message.(*accessv1.PostRightsCleared); ok {
			said = e
		}
	}
	moved := s.Stream("identity", "person-E1")
	if said.GetCaseId() != "cas_1" || said.GetGrants() != 1 || said.GetPostChanged() != moved[len(moved)-1].Position {
		t.Errorf("what is said of the transfer is %v", said)
	}
}

func TestTheRestartedServiceKnowsThePackInForce(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	s.Restart()
	s.starts("E1", "P2", day(3))
	s.expect("after the restart", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "writer issued")
}

func TestTheReadModelRebuiltIsTheSame(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	for n := range 5 {
		employee := fmt.Sprintf("E%d", n)
		s.starts(employee, "P1", day(3))
		s.completes(employee)
		s.moves(employee, "P2", day(4))
	}
	s.completes("E1")
	runtime := runtimev1.NewRuntimeServiceClient(s.Conn("access-request"))
	before, err := runtime.GetStatus(s.As("ada", "auditor"), &runtimev1.GetStatusRequest{Service: "access-request"})
	if err != nil {
		t.Fatal(err)
	}
	after, err := runtime.RebuildProjection(s.As("root", "admin"), &runtimev1.RebuildProjectionRequest{Service: "access-request", Projection: "grants"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := after.GetProjection().GetDigest(), before.GetProjections()[0].GetDigest(); got != want || got == "" {
		t.Errorf("rebuilt %s, incremental %s", got, want)
	}
}

func (s *story) validate(body string) *policyv1.ValidatePackResponse {
	s.t.Helper()
	answer, err := policyv1.NewPackSubscriberServiceClient(s.Conn("access-request")).
		ValidatePack(s.AsService("policy"), &policyv1.ValidatePackRequest{Body: []byte(body)})
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

// Covers: ACR-030, XCT-006
func TestAPackIsLookedAtBeforeItHolds(t *testing.T) {
	s := begin(t)
	s.activates(1, body)
	for n := range 6 {
		s.starts(fmt.Sprintf("E%d", n), []string{"P1", "P2"}[n%2], day(3))
	}
	t.Run("the pack in force changes nothing", func(t *testing.T) {
		if a := s.validate(body); a.GetGrantsGiven() != 0 || a.GetGrantsTaken() != 0 || a.GetGrantsHeld() != 6 || len(a.GetProblems())+len(a.GetWarnings()) > 0 {
			t.Errorf("got %v", a)
		}
	})
	t.Run("it counts what is given and taken", func(t *testing.T) {
		a := s.validate(strings.Replace(body, `"P2"', grants: [orders/writer]`, `"P2"', grants: [orders/reader]`, 1))
		if a.GetGrantsGiven() != 3 || a.GetGrantsTaken() != 3 || a.GetGrantsHeld() != 6 {
			t.Errorf("given %d, taken %d of %d", a.GetGrantsGiven(), a.GetGrantsTaken(), a.GetGrantsHeld())
		}
	})
	t.Run("it warns of a role that people hold and that is gone", func(t *testing.T) {
		a := s.validate(strings.NewReplacer(", {id: writer}", "", `  - {where: 'attributes.project == "P2"', grants: [orders/writer]}`+"\n", "").Replace(body))
		if len(a.GetProblems()) > 0 || len(a.GetWarnings()) != 1 || !strings.Contains(a.GetWarnings()[0].GetMessage(), "orders/writer") || a.GetGrantsTaken() != 3 {
			t.Errorf("got %v", a)
		}
	})
	t.Run("it refuses a matrix that breaks a duty rule for somebody", func(t *testing.T) {
		a := s.validate(body + "  - {position: engineer, grants: [orders/writer]}\n" +
			"duty_rules: [{id: apart, forbid: [orders/reader, orders/writer], scope: person}]\n")
		if len(a.GetProblems()) != 1 || !strings.Contains(a.GetProblems()[0].GetMessage(), "apart") || !strings.Contains(a.GetProblems()[0].GetMessage(), "3 people, for example E0") {
			t.Errorf("got %v", a.GetProblems())
		}
	})
	t.Run("it says what cannot be read", func(t *testing.T) {
		a := s.validate(strings.Replace(body, "[orders/writer]", "[orders/wirter]", 1))
		if len(a.GetProblems()) != 1 || a.GetProblems()[0].GetLine() != 8 {
			t.Errorf("got %v", a.GetProblems())
		}
	})
	t.Run("only policy may ask", func(t *testing.T) {
		_, err := policyv1.NewPackSubscriberServiceClient(s.Conn("access-request")).
			ValidatePack(s.As("ada", "access-admin"), &policyv1.ValidatePackRequest{Body: []byte(body)})
		if !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("got %v", err)
		}
	})
}
