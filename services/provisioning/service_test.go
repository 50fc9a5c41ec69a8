package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/provisioning"
	"github.com/ostiary/ostiary/services/provisioning/internal/rpc"
)

const body = `version: 1
effective: 2026-01-05T00:00:00+08:00
targets:
  - {id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: ost_}
applications:
  - {id: orders, target: orders-db, roles: [{id: r0}, {id: r1}, {id: r2}, {id: r3}]}
`

// story is provisioning in the real host, with a target on a cluster of its
// own.
type story struct {
	*hosttest.Installation
	t      *testing.T
	target *testkit.Database
}

// begin starts the service; dsn says what its environment holds.
func begin(t *testing.T, dsn func(target *testkit.Database) map[string]string) *story {
	t.Helper()
	t.Parallel()
	s := &story{t: t, target: testkit.PostgresWith(t)}
	environment := dsn(s.target)
	sources := []string{"access-request", "policy"}
	s.Installation = hosttest.Start(t, hosttest.Cast{
		Service: provisioning.Define(func(name string) (string, bool) { v, ok := environment[name]; return v, ok }),
		Sources: sources, Now: time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC),
		Neighbours: map[string]func(*servicekit.Platform) *servicekit.Service{"access-request": nil, "policy": nil},
	})
	return s
}

func ordersDSN(target *testkit.Database) map[string]string {
	return map[string]string{"ORDERS_DSN": target.Admin}
}

func (s *story) activates(body string) {
	s.t.Helper()
	digest := pack.Digest([]byte(body))
	s.Says("policy", "pack-1", &policyv1.PackPublished{Version: 1, Digest: digest, Body: []byte(body)},
		&policyv1.PackActivated{Version: 1, Digest: digest})
}

func issued(nr string, role int) *accessrequestv1.GrantIssued {
	return &accessrequestv1.GrantIssued{PersonId: "per_" + nr, EmployeeNumber: nr, Account: nr, GrantId: fmt.Sprintf("grt_%s_%d", nr, role),
		Application: "orders", Role: fmt.Sprint("r", role), Target: "orders-db"}
}

func revoked(nr string, role int) *accessrequestv1.GrantRevoked {
	return &accessrequestv1.GrantRevoked{PersonId: "per_" + nr, EmployeeNumber: nr, Account: nr, GrantId: fmt.Sprintf("grt_%s_%d", nr, role),
		Application: "orders", Role: fmt.Sprint("r", role), Target: "orders-db"}
}

func suspended(g *accessrequestv1.GrantIssued, turn int32) *accessrequestv1.GrantSuspended {
	return &accessrequestv1.GrantSuspended{PersonId: g.GetPersonId(), EmployeeNumber: g.GetEmployeeNumber(), Account: g.GetAccount(),
		GrantId: g.GetGrantId(), Application: g.GetApplication(), Role: g.GetRole(), Target: g.GetTarget(), Turn: turn}
}

func reinstated(g *accessrequestv1.GrantIssued, turn int32) *accessrequestv1.GrantReinstated {
	return &accessrequestv1.GrantReinstated{PersonId: g.GetPersonId(), EmployeeNumber: g.GetEmployeeNumber(), Account: g.GetAccount(),
		GrantId: g.GetGrantId(), Application: g.GetApplication(), Role: g.GetRole(), Target: g.GetTarget(), Turn: turn}
}

func holdings(nr string) string { return "holdings-per_" + nr }

func (s *story) client() provisioningv1.ProvisioningServiceClient {
	return provisioningv1.NewProvisioningServiceClient(s.Conn("provisioning"))
}

func (s *story) orders(r *provisioningv1.ListOrdersRequest) *provisioningv1.ListOrdersResponse {
	s.t.Helper()
	answer, err := s.client().ListOrders(s.As("ada", "auditor"), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

// settles waits until so many orders are there and none is open.
func (s *story) settles(total int) {
	s.t.Helper()
	wait := s.Eventually
	if total > 1000 {
		wait = s.Patiently
	}
	wait(fmt.Sprint(total, " orders settled"), func() bool {
		r := s.orders(&provisioningv1.ListOrdersRequest{Limit: 1})
		return int(r.GetTotal()) == total && r.GetOpen() == 0
	})
}

func (s *story) shows(sql string) (n int) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.target.Admin)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) }()
	if err := conn.QueryRow(s.t.Context(), sql).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

const (
	members = `SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname LIKE 'ost\_orders\_%'`
	logins  = `SELECT count(*) FROM pg_roles WHERE rolname LIKE 'ost\_E%' AND rolcanlogin`
)

// A suspended right is really taken, comes back when it is reinstated, and is
// taken and read back once more when its grant ends meanwhile.
//
// Covers: ACR-070
func TestASuspendedGrantLosesItsMembershipAndHasItBack(t *testing.T) {
	s := begin(t, ordersDSN)
	s.activates(body)
	g := issued("E1", 0)
	s.Says("access-request", holdings("E1"), g)
	s.settles(1)
	s.Says("access-request", holdings("E1"), suspended(g, 1))
	s.settles(2)
	if m, l := s.shows(members), s.shows(logins); m != 0 || l != 0 {
		t.Errorf("suspended: %d memberships, %d logins", m, l)
	}
	s.Says("access-request", holdings("E1"), reinstated(g, 2))
	s.settles(3)
	if m, l := s.shows(members), s.shows(logins); m != 1 || l != 1 {
		t.Errorf("reinstated: %d memberships, %d logins", m, l)
	}
	end := revoked("E1", 0)
	end.Turn = 4
	s.Says("access-request", holdings("E1"), suspended(g, 3), end)
	s.settles(5)
	if m, l := s.shows(members), s.shows(logins); m != 0 || l != 0 {
		t.Errorf("ended: %d memberships, %d logins", m, l)
	}
	var turns []string
	for _, f := range s.Stream("provisioning", "orders-orders-db/E1") {
		if e, ok := f.Message.(*provisioningv1.ProvisioningCompleted); ok {
			turns = append(turns, fmt.Sprint(e.GetOperation(), e.GetTurn()))
		}
	}
	if want := []string{"add0", "remove1", "add2", "remove3", "remove4"}; !slices.Equal(turns, want) {
		t.Errorf("completed %v, want %v", turns, want)
	}
}

// Covers: PRV-002, PRV-020, PRV-022
func TestAGrantBecomesAMembershipAndGoesAgain(t *testing.T) {
	s := begin(t, ordersDSN)
	s.activates(body)
	s.Says("access-request", holdings("E1"), issued("E1", 0), issued("E1", 1))
	s.settles(2)
	if m, l := s.shows(members), s.shows(logins); m != 2 || l != 1 {
		t.Errorf("%d memberships, %d logins", m, l)
	}
	completed := s.Stream("provisioning", "orders-orders-db/E1")
	last := completed[len(completed)-1]
	e, ok := last.Message.(*provisioningv1.ProvisioningCompleted)
	if !ok || e.GetReadBack().GetAccount() != "ost_E1" || !e.GetReadBack().GetMember() || e.GetReadBack().GetReadAt() == nil ||
		last.Causation.Service != "provisioning" || last.Actor != "service:provisioning" {
		t.Errorf("the last event is %v by %s because of %v", last.Message, last.Actor, last.Causation)
	}
	listed := s.orders(&provisioningv1.ListOrdersRequest{CorrelationId: last.CorrelationID})
	if listed.GetTotal() != 2 || listed.GetItems()[0].GetState() != "completed" || listed.GetItems()[0].GetGrantId() == "" {
		t.Errorf("orders of the correlation: %v", listed)
	}
	s.Restart()
	s.Says("access-request", holdings("E1"), revoked("E1", 0), revoked("E1", 1))
	s.settles(4)
	if n := s.shows(members) + s.shows(logins); n != 0 {
		t.Errorf("%d memberships and logins are left", n)
	}
	if n := s.orders(&provisioningv1.ListOrdersRequest{EmployeeNumber: "E2"}).GetTotal(); n != 0 {
		t.Errorf("%d orders of somebody else", n)
	}
}

// Covers: PRV-024
func TestATargetThatIsDownMakesReadinessRedAndRecovers(t *testing.T) {
	target := map[string]string{"ORDERS_DSN": "postgres://nobody@127.0.0.1:1/none"}
	s := begin(t, func(*testkit.Database) map[string]string { return target })
	s.activates(body)
	s.Says("access-request", holdings("E1"), issued("E1", 0))
	s.Eventually("a cause that names the target", func() bool {
		return slices.ContainsFunc(s.Causes(), func(c string) bool {
			return strings.Contains(c, "orders-db") && strings.Contains(c, "TARGET_UNREACHABLE") && strings.Contains(c, "since")
		})
	})
	s.Eventually("the failure in the list", func() bool {
		r := s.orders(&provisioningv1.ListOrdersRequest{Open: true})
		return r.GetFailing() == 1 && r.GetItems()[0].GetState() == "failing" && r.GetItems()[0].GetReason() == "TARGET_UNREACHABLE"
	})
	// The removal overtakes the addition, which is recorded as cancelled.
	s.Says("access-request", holdings("E1"), revoked("E1", 0))
	r := s.orders(&provisioningv1.ListOrdersRequest{EmployeeNumber: "E1"})
	states := map[string]string{}
	for _, o := range r.GetItems() {
		states[o.GetOperation()] = o.GetState()
	}
	if states["add"] != "cancelled" || r.GetOpen() != 1 {
		t.Errorf("orders: %v", r)
	}
}

func TestManyAreHiredAndLeave(t *testing.T) {
	s := begin(t, ordersDSN)
	s.activates(body)
	people := (testkit.Count(8000) + 3) / 4
	each := func(events func(nr string) []proto.Message) {
		var g errgroup.Group
		g.SetLimit(32)
		for i := range people {
			nr := fmt.Sprintf("E%05d", i)
			g.Go(func() error { s.Record("access-request", holdings(nr), events(nr)...); return nil })
		}
		_ = g.Wait() // Record fails the test by itself
	}
	began := time.Now()
	each(func(nr string) []proto.Message {
		return []proto.Message{issued(nr, 0), issued(nr, 1), issued(nr, 2), issued(nr, 3)}
	})
	s.settles(4 * people)
	t.Logf("%d additions confirmed in %v", 4*people, time.Since(began))
	if m, l := s.shows(members), s.shows(logins); m != 4*people || l != people {
		t.Errorf("%d memberships and %d logins of %d people", m, l, people)
	}
	digest := func() string {
		r, err := runtimev1.NewRuntimeServiceClient(s.Conn("provisioning")).GetStatus(s.As("ada", "admin"), &runtimev1.GetStatusRequest{Service: "provisioning"})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetProjections()[0].GetDigest()
	}
	before := digest()
	_, err := runtimev1.NewRuntimeServiceClient(s.Conn("provisioning")).RebuildProjection(s.As("ada", "admin"),
		&runtimev1.RebuildProjectionRequest{Service: "provisioning", Projection: "orders"})
	if after := digest(); err != nil || after != before {
		t.Errorf("the rebuilt read model differs: %s, %s, %v", before, after, err)
	}
	began = time.Now()
	each(func(nr string) []proto.Message {
		return []proto.Message{revoked(nr, 0), revoked(nr, 1), revoked(nr, 2), revoked(nr, 3)}
	})
	s.settles(8 * people)
	t.Logf("%d removals confirmed in %v", 4*people, time.Since(began))
	if n := s.shows(members) + s.shows(logins); n != 0 {
		t.Errorf("%d memberships and logins are left", n)
	}
	if c := s.Causes(); len(c) != 0 {
		t.Errorf("causes: %s", strings.Join(c, "; "))
	}
}

func TestListOrdersRefuses(t *testing.T) {
	s := begin(t, ordersDSN)
	ctx := s.As("ada", "auditor")
	for name, c := range map[string]struct {
		ctx     context.Context
		request *provisioningv1.ListOrdersRequest
		want    error
	}{
		"a negative limit": {ctx, &provisioningv1.ListOrdersRequest{Limit: -1}, rpc.ErrLimit},
		"too many":         {ctx, &provisioningv1.ListOrdersRequest{Limit: 10001}, rpc.ErrLimit},
		"nobody":           {t.Context(), &provisioningv1.ListOrdersRequest{}, authz.ErrUnauthenticated},
		"an employee":      {s.As("eve", "employee"), &provisioningv1.ListOrdersRequest{}, authz.ErrForbidden},
	} {
		if _, err := s.client().ListOrders(c.ctx, c.request); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Whoever waits for what follows from a change of their own is told how much of
// it is open, and nothing else.
func TestACallerWithoutRolesIsToldNumbersAlone(t *testing.T) {
	s := begin(t, ordersDSN)
	s.activates(body)
	s.Says("access-request", holdings("E1"), issued("E1", 0))
	correlation := s.Stream("access-request", holdings("E1"))[0].CorrelationID
	r, err := s.client().ListOrders(s.As("eve"), &provisioningv1.ListOrdersRequest{CorrelationId: correlation})
	if err != nil || r.GetTotal() != 1 || len(r.GetItems()) != 0 {
		t.Errorf("%v, %v", r, err)
	}
	status, err := runtimev1.NewRuntimeServiceClient(s.Conn("provisioning")).GetStatus(s.As("eve"), &runtimev1.GetStatusRequest{Service: "provisioning"})
	if err != nil || status.GetPosition() == 0 || len(status.GetCauses())+len(status.GetInbox()) > 0 {
		t.Errorf("%v, %v", status, err)
	}
}

// Covers: PRV-006
func TestAPackIsCheckedAgainstItsTargets(t *testing.T) {
	environment := map[string]string{"DOWN_DSN": "postgres://nobody@127.0.0.1:1/none", "OWN_DSN": testkit.Postgres(t).Admin}
	s := begin(t, func(target *testkit.Database) map[string]string {
		environment["ORDERS_DSN"] = target.Admin
		return environment
	})
	check := func(targets string) *policyv1.ValidatePackResponse {
		t.Helper()
		r, err := policyv1.NewPackSubscriberServiceClient(s.Conn("provisioning")).ValidatePack(s.AsService("policy"),
			&policyv1.ValidatePackRequest{Body: []byte("version: 1\neffective: 2026-01-05T00:00:00+08:00\ntargets:\n" + targets)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	target := func(id, kind, more string) string {
		return "  - {id: " + id + ", kind: " + kind + more + "}\n"
	}
	good := target("orders-db", "postgres", ", dsn_env: ORDERS_DSN, prefix: ost_")
	if r := check(good); len(r.GetProblems())+len(r.GetWarnings()) != 0 {
		t.Errorf("a good pack: %v", r)
	}
	for name, c := range map[string]struct {
		targets, want string
		line, column  int32
	}{
		"an unset variable":             {good + target("hr-db", "postgres", ", dsn_env: HR_DSN"), "HR_DSN", 5, 42},
		"a kind without adapter":        {target("paper", "manual", ""), "manual", 4, 10},
		"the cluster of the events":     {target("own", "postgres", ", dsn_env: OWN_DSN"), "event stores", 4, 40},
		"two targets that are the same": {good + target("twin", "postgres", ", dsn_env: ORDERS_DSN, prefix: ost_a_"), "prefixes overlap", 5, 10},
		"what the pack library finds":   {target("x", "oracle", ", dsn_env: ORDERS_DSN"), "kind", 4, 19},
	} {
		r := check(c.targets)
		if len(r.GetProblems()) != 1 {
			t.Errorf("%s: %v", name, r)
			continue
		}
		p := r.GetProblems()[0]
		if !strings.Contains(p.GetMessage(), c.want) || p.GetLine() != c.line || p.GetColumn() != c.column {
			t.Errorf("%s: %v, want %q at %d:%d", name, p, c.want, c.line, c.column)
		}
	}
	r := check(target("down", "postgres", ", dsn_env: DOWN_DSN"))
	if len(r.GetProblems()) != 0 || len(r.GetWarnings()) != 1 || !strings.Contains(r.GetWarnings()[0].GetMessage(), "cannot be reached") {
		t.Errorf("a target that is down: %v", r)
	}
	_, err := policyv1.NewPackSubscriberServiceClient(s.Conn("provisioning")).ValidatePack(s.As("ada", "access-admin"), &policyv1.ValidatePackRequest{})
	if !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a person validates: %v", err)
	}
}
