package policy_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
	"github.com/ostiary/ostiary/services/access-request/internal/policy"
)

var monday = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// world is the service's policies on a store in memory, fed by hand.
type world struct {
	t        *testing.T
	journal  *eventstore.Journal
	policies []messaging.Policy
}

func newWorld(t *testing.T) *world {
	t.Helper()
	j := &eventstore.Journal{Service: "access-request", Store: memory.New(clock.System{}), Sealer: eventstore.NoSealer{}}
	w := &world{t: t, journal: j}
	return w.with(w.everybody)
}

// with makes the policies, as a process does that starts.
func (w *world) with(people policy.People) *world {
	j := w.journal
	a := &policy.Alignment{Service: "access-request", Journal: j, Packs: policy.NewPackInForce(j)}
	r := &policy.Requests{Alignment: a, Clock: clock.NewManual(monday), Zone: time.UTC}
	w.policies = []messaging.Policy{
		policy.WhenEmploymentStartedGrantBirthrights(a),
		policy.WhenPostChangedRealignBirthrights(a),
		policy.WhenEmploymentEndedRevokeEverything(a),
		policy.WhenProvisioningCompletedConfirmGrant(r),
		policy.WhenApprovalDecidedRecordOutcome(r),
		policy.WhenPackPublishedAdoptPack(a),
		policy.WhenPackActivatedRealignEverybody(r, people),
	}
	return w
}

// everybody is who has a post in the events up to exactly the position: a read
// model that shows no more than it must.
func (w *world) everybody(ctx context.Context, position int64) ([]string, error) {
	events, err := w.journal.Store.ReadAll(ctx, 0, int(position))
	if err != nil {
		return nil, err
	}
	employed := map[string]bool{}
	for _, r := range events {
		f, err := w.journal.Decode(ctx, r)
		if err != nil {
			return nil, err
		}
		if e, ok := f.Message.(*accessv1.PostNoted); ok {
			employed[e.GetPersonId()] = e.GetEmployed()
		}
	}
	maps.DeleteFunc(employed, func(_ string, here bool) bool { return !here })
	return slices.Sorted(maps.Keys(employed)), nil
}

// happens delivers an event of another service to whom it concerns.
func (w *world) happens(service string, position int64, m proto.Message) error {
	f := eventstore.Fact{Service: service, Message: m}
	f.Position, f.CorrelationID, f.RecordedAt, f.EffectiveAt = position, "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e", monday, monday
	if e, ok := m.(interface {
		GetEffectiveAt() *timestamppb.Timestamp
	}); ok && e.GetEffectiveAt() != nil {
		f.EffectiveAt = e.GetEffectiveAt().AsTime()
	}
	for _, p := range w.policies {
		for _, on := range p.On {
			if p.Source != service || proto.MessageName(on) != proto.MessageName(m) {
				continue
			}
			if err := p.Do(context.Background(), f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) must(service string, position int64, m proto.Message) {
	w.t.Helper()
	if err := w.happens(service, position, m); err != nil {
		w.t.Errorf("%T: %v", m, err)
	}
}

// activate publishes and activates a pack that gives the roles by project.
func (w *world) activate(version int64, roles map[string]string) {
	w.t.Helper()
	body := packBody(version, roles)
	w.must("policy", 10*version, &policyv1.PackPublished{Version: version, Digest: pack.Digest(body), Body: body})
	w.must("policy", 10*version+1, &policyv1.PackActivated{
		Version: version, Digest: pack.Digest(body), EffectiveAt: timestamppb.New(monday.AddDate(0, 0, int(version))),
	})
}

func packBody(version int64, roles map[string]string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `version: %d
effective: 2026-01-01T00:00:00+08:00
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN}]
applications:
  - {id: orders, target: orders-db, roles: [{id: reader}, {id: writer}, {id: auditor}]}
matrix:
`, version)
	for _, project := range slices.Sorted(maps.Keys(roles)) {
		fmt.Fprintf(&b, "  - {position: engineer, where: 'attributes.project == %q', grants: [orders/%s]}\n", project, roles[project])
	}
	return []byte(b.String())
}

func post(project string) *identityv1.Post {
	return &identityv1.Post{Unit: []string{"总部"}, Position: "engineer", Attributes: map[string]string{"project": project}}
}

func starts(person, project string) *identityv1.EmploymentStarted {
	return &identityv1.EmploymentStarted{
		PersonId: "per_" + person, EmployeeNumber: person, Kind: "employee", Post: post(project), EffectiveAt: timestamppb.New(monday),
	}
}

func moves(person, project string) *identityv1.PostChanged {
	return &identityv1.PostChanged{
		PersonId: "per_" + person, EmployeeNumber: person, Kind: "employee", Post: post(project), EffectiveAt: timestamppb.New(monday.AddDate(0, 0, 1)),
	}
}

func leaves(person string) *identityv1.EmploymentEnded {
	return &identityv1.EmploymentEnded{PersonId: "per_" + person, EmployeeNumber: person, EffectiveAt: timestamppb.New(monday.AddDate(0, 0, 2))}
}

func completed(person, grant, operation string) *provisioningv1.ProvisioningCompleted {
	return &provisioningv1.ProvisioningCompleted{PersonId: "per_" + person, EmployeeNumber: person, GrantId: grant, Operation: operation}
}

// holdings folds what a person holds.
func (w *world) holdings(person string) holdings.State {
	w.t.Helper()
	var s holdings.State
	for _, f := range w.facts(person) {
		s = holdings.Evolve(s, f.Message)
	}
	return s
}

func (w *world) facts(person string) []eventstore.Fact {
	w.t.Helper()
	facts, err := w.journal.Stream(w.t.Context(), holdings.Stream("per_"+person))
	if err != nil {
		w.t.Fatal(err)
	}
	return facts
}

// live are the roles that a person is meant to have, by role.
func (w *world) live(person string) map[string]holdings.Grant {
	w.t.Helper()
	live := map[string]holdings.Grant{}
	for _, g := range w.holdings(person).Grants {
		if g.Live() {
			live[g.Issued.GetRole()] = g
		}
	}
	return live
}

// holds checks that a person is meant to have exactly these roles.
func (w *world) holds(person string, roles ...string) {
	w.t.Helper()
	if got := slices.Sorted(maps.Keys(w.live(person))); !slices.Equal(got, roles) {
		w.t.Errorf("%s holds %v, want %v", person, got, roles)
	}
}
