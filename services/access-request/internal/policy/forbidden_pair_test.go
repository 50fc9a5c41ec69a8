package policy_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

const pairPack = `version: 1
effective: 2026-01-01T00:00:00+08:00
targets: [{id: pay-db, kind: postgres, dsn_env: PAY_DSN}]
applications: [{id: pay, target: pay-db, roles: [{id: create}, {id: approve}]}]
duty_rules: [{id: four-eyes, forbid: [pay/create, pay/approve], scope: person}]
`

// Two halves of a forbidden pair are asked for and signed fifty times at the
// same moment: one is given, and the other is refused for it.
//
// Covers: ACR-030
func TestOfAForbiddenPairOneHalfIsGivenHoweverManyApprovalsArrive(t *testing.T) {
	t.Parallel()
	for range testkit.Count(1000) {
		w := newWorld(t)
		body := []byte(pairPack)
		w.must("policy", 10, &policyv1.PackPublished{Version: 1, Digest: pack.Digest(body), Body: body})
		w.must("policy", 11, &policyv1.PackActivated{Version: 1, Digest: pack.Digest(body), EffectiveAt: timestamppb.New(monday)})
		w.must("identity", 1, starts("E1", "P1"))
		for _, role := range []string{"create", "approve"} {
			w.asks("E1", role)
		}
		var all sync.WaitGroup
		for n := range 50 {
			role := []string{"create", "approve"}[n%2]
			all.Go(func() {
				w.must("approval", int64(100+n), &approvalv1.ApprovalGranted{
					PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_" + role, Kind: holdings.AskKind,
				})
			})
		}
		all.Wait()
		if live := w.live("E1"); len(live) != 1 {
			t.Fatalf("holds %v", live)
		}
		became := map[holdings.RequestStatus]int{}
		for _, q := range w.holdings("E1").Requests {
			became[q.Status]++
		}
		if became[holdings.Approved] != 1 || became[holdings.Refused] != 1 {
			t.Fatalf("of two requests: %v", became)
		}
	}
}

// asks lets somebody ask for a role of pay.
func (w *world) asks(person, role string) {
	w.t.Helper()
	stream := holdings.Stream("per_" + person)
	c := holdings.SubmitRequest{
		RequestID: "req_" + role, CaseID: "case_" + role, Number: "AR-" + role, RequesterID: "per_" + person, RequesterNumber: person,
		Offer:       &holdings.Offer{Application: "pay", Role: role, Target: "pay-db", Latest: monday.AddDate(1, 0, 0)},
		Application: "pay", Role: role, Reason: "月末付款", Until: monday.AddDate(0, 3, 0), Now: monday, Zone: monday.Location(),
	}
	d := eventstore.Decider[holdings.State, holdings.Command]{Decide: holdings.Decide, Evolve: holdings.Evolve}
	if _, err := eventstore.Execute(w.t.Context(), w.journal, d, stream, eventstore.Command{ID: uuid.NewString()}, eventstore.Metadata{Actor: person}, holdings.Command(c)); err != nil {
		w.t.Fatal(err)
	}
}
