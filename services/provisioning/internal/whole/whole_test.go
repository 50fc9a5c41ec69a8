// Package whole tests reactions, orders, read model, worker and the PostgreSQL
// adapter together, on two real database clusters.
package whole_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	store "github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/provisioning/internal/adapters"
	"github.com/ostiary/ostiary/services/provisioning/internal/policy"
	"github.com/ostiary/ostiary/services/provisioning/internal/readmodel"
	"github.com/ostiary/ostiary/services/provisioning/internal/rpc"
	"github.com/ostiary/ostiary/services/provisioning/internal/target/postgres"
	"github.com/ostiary/ostiary/services/provisioning/internal/worker"
)

const body = `
version: 1
effective: 2026-01-05T00:00:00+08:00
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}]
applications: [{id: orders, target: orders-db, roles: [{id: r0}, {id: r1}, {id: r2}, {id: r3}]}]
`

// service is provisioning without its gRPC server and its bus.
type service struct {
	t       *testing.T
	journal *eventstore.Journal
	queries readmodel.Queries
	runner  *projection.Runner
	worker  *worker.Worker
	server  *rpc.Server
	target  *testkit.Database
}

func start(t *testing.T) *service {
	t.Helper()
	own := testkit.Postgres(t)
	role, address := own.Role(t)
	owner := connect(t, own.Admin)
	for _, migrate := range []func(context.Context, *pgx.Conn, string) error{store.Migrate, projection.Migrate} {
		if err := migrate(t.Context(), owner, role); err != nil {
			t.Fatal(err)
		}
	}
	pool := testkit.Pool(t, address)
	events, err := store.Open(t.Context(), pool, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(events.Close)
	s := &service{t: t, target: testkit.PostgresWith(t), queries: readmodel.Queries{Pool: pool},
		journal: &eventstore.Journal{Service: "provisioning", Store: events, Sealer: eventstore.NoSealer{}}}
	log := slog.New(slog.DiscardHandler)
	if s.runner, err = projection.NewRunner(s.journal, pool, clock.System{}, log, []projection.Projection{readmodel.Orders()}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.runner.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := adapters.Adapters{Timeout: 15 * time.Second, Now: clock.System{}.Now, Lookup: func(name string) (string, bool) {
		return s.target.Admin, name == "ORDERS_DSN"
	}}
	if err := pool.QueryRow(t.Context(), postgres.SystemSQL).Scan(&a.OwnSystem); err != nil {
		t.Fatalf("the service's role cannot identify its own cluster: %v", err)
	}
	s.server = rpc.NewServer(s.queries, a)
	s.worker = worker.New(worker.Needs{Journal: s.journal, Targets: s.queries.OpenTargets, Lanes: s.queries.OpenLanes,
		Projected: s.runner.WaitFor, Connect: a.Connect, Log: log},
		worker.Limits{Batch: 200, Call: time.Minute, First: 10 * time.Millisecond, Longest: time.Second})
	run(t, s.runner.Run)
	run(t, s.worker.Run)
	return s
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// run has something running until the end of the test.
func run(t *testing.T, work func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("it stopped with %v", err)
		}
	})
}

// takeIn delivers an event of another service to a policy.
func (s *service) takeIn(p messaging.Policy, position int64, m proto.Message) error {
	return p.Do(s.t.Context(), eventstore.Fact{Service: p.Source, Message: m,
		Recorded: eventstore.Recorded{Position: position, CorrelationID: correlation}})
}

var correlation = uuid.NewString()

func (s *service) applyPack() {
	s.t.Helper()
	if err := s.takeIn(policy.WhenPackPublishedAdoptPack(s.journal), 1, &policyv1.PackPublished{Version: 1, Digest: "d", Body: []byte(body)}); err != nil {
		s.t.Fatal(err)
	}
	if err := s.takeIn(policy.WhenPackActivatedEnforcePack(s.journal), 2, &policyv1.PackActivated{Version: 1, Digest: "d"}); err != nil {
		s.t.Fatal(err)
	}
}

// hire issues so many grants to as many people as it takes, four each.
func (s *service) hire(grants int) {
	s.t.Helper()
	p := policy.WhenGrantIssuedOrderAddition(s.journal)
	var g errgroup.Group
	g.SetLimit(64)
	for i := range grants {
		nr := fmt.Sprintf("E%05d", i/4)
		g.Go(func() error {
			return s.takeIn(p, int64(10+i), &accessrequestv1.GrantIssued{PersonId: "per_" + nr, EmployeeNumber: nr, Account: nr,
				GrantId: fmt.Sprint("grt_", i), Application: "orders", Role: fmt.Sprint("r", i%4), Target: "orders-db"})
		})
	}
	if err := g.Wait(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) leave(grants int) {
	s.t.Helper()
	p := policy.WhenGrantRevokedOrderRemoval(s.journal)
	var g errgroup.Group
	g.SetLimit(64)
	for i := range grants {
		nr := fmt.Sprintf("E%05d", i/4)
		g.Go(func() error {
			return s.takeIn(p, int64(1_000_000+i), &accessrequestv1.GrantRevoked{PersonId: "per_" + nr, EmployeeNumber: nr, Account: nr,
				GrantId: fmt.Sprint("grt_", i), Application: "orders", Role: fmt.Sprint("r", i%4), Target: "orders-db"})
		})
	}
	if err := g.Wait(); err != nil {
		s.t.Fatal(err)
	}
}

// settle waits until no order is open.
func (s *service) settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	for {
		head, err := s.journal.Store.Head(ctx)
		if err == nil {
			err = s.runner.WaitFor(ctx, head)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		r, err := s.server.ListOrders(ctx, &provisioningv1.ListOrdersRequest{CorrelationId: correlation, Open: true, Limit: 1})
		if err != nil {
			s.t.Fatal(err)
		}
		if r.GetOpen() == 0 {
			return
		}
		if err := s.journal.Store.Wait(ctx, head); err != nil {
			s.t.Fatalf("%d orders stay open: %v; %v", r.GetOpen(), r.GetItems(), s.worker.Causes())
		}
	}
}

func (s *service) shows(sql string) (n int) {
	s.t.Helper()
	if err := connect(s.t, s.target.Admin).QueryRow(s.t.Context(), sql).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

const (
	members = `SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname LIKE 'ost\_orders\_%'`
	logins  = `SELECT count(*) FROM pg_roles WHERE rolname LIKE 'ost\_E%' AND rolcanlogin`
)

// Covers: PRV-002, PRV-020, PRV-024
func TestManyAreHiredAndLeave(t *testing.T) {
	t.Parallel()
	grants := testkit.Count(8000)
	s := start(t)
	s.applyPack()
	began := time.Now()
	s.hire(grants)
	ordered := time.Since(began)
	s.settle()
	took := time.Since(began)
	t.Logf("%d additions: ordered in %v, confirmed in %v", grants, ordered, took)
	if limit := 10*time.Second + time.Duration(grants)*20*time.Second/8000; took > limit {
		t.Errorf("%d additions took %v, want %v at most", grants, took, limit)
	}
	if n := s.shows(members); n != grants {
		t.Errorf("%d memberships, want %d", n, grants)
	}
	if n := s.shows(logins); n != (grants+3)/4 {
		t.Errorf("%d accounts may sign in, want %d", n, (grants+3)/4)
	}
	before, _, err := s.runner.Digest(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.runner.Rebuild(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	if after, _, err := s.runner.Digest(t.Context(), "orders"); err != nil || after != before {
		t.Errorf("the rebuilt read model differs: %s, %s, %v", before, after, err)
	}
	s.leave(grants)
	s.settle()
	if n := s.shows(members) + s.shows(logins); n != 0 {
		t.Errorf("%d memberships and logins are left", n)
	}
	r, err := s.server.ListOrders(t.Context(), &provisioningv1.ListOrdersRequest{EmployeeNumber: "E00000"})
	if err != nil {
		t.Fatal(err)
	}
	if r.GetTotal() != 8 || len(r.GetItems()) != 8 || r.GetOpen() != 0 {
		t.Errorf("orders of one person: %v", r)
	}
	if c := s.worker.Causes(); len(c) != 0 {
		t.Errorf("causes: %s", strings.Join(c, "; "))
	}
}
