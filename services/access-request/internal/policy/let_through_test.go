package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// enforces publishes and activates a pack.
func (w *world) enforces(version int64, body string) {
	w.t.Helper()
	digest := pack.Digest([]byte(body))
	w.must("policy", 10*version, &policyv1.PackPublished{Version: version, Digest: digest, Body: []byte(body)})
	w.must("policy", 10*version+1, &policyv1.PackActivated{Version: version, Digest: digest, EffectiveAt: timestamppb.New(monday)})
}

// removing are the grants of a person that are being taken away.
func (w *world) removing(person string) (ids []string) {
	for id, g := range w.holdings(person).Grants {
		if g.Status == holdings.Revoking {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// confirms lets the target confirm every removal, each as often as it is given;
// that may lead to others. Positions of provisioning count from one of the caller.
func (w *world) confirms(person string, position int64, times int) {
	w.t.Helper()
	for range 10 {
		ids := w.removing(person)
		if len(ids) == 0 {
			return
		}
		for _, id := range ids {
			for range times {
				w.must("provisioning", position, completed(person, id, "remove"))
			}
			position++
		}
	}
	w.t.Error("removals follow from removals without end")
}

// carries lets something be decided about a person without a delivery.
func (w *world) carries(person string, c holdings.Command) {
	w.t.Helper()
	d := eventstore.Decider[holdings.State, holdings.Command]{Decide: holdings.Decide, Evolve: holdings.Evolve}
	command, meta := eventstore.Command{ID: uuid.NewString()}, eventstore.Metadata{Actor: "service:access-request"}
	if _, err := eventstore.Execute(w.t.Context(), w.journal, d, holdings.Stream("per_"+person), command, meta, c); err != nil {
		w.t.Fatal(err)
	}
}

// last are the types of the last events of a person.
func (w *world) last(person string, n int) (types []string) {
	facts := w.facts(person)
	for _, f := range facts[len(facts)-n:] {
		types = append(types, f.Type[strings.LastIndexByte(f.Type, '.')+1:])
	}
	return types
}

func (w *world) lastAre(person string, want ...string) {
	w.t.Helper()
	if got := w.last(person, len(want)); !slices.Equal(got, want) {
		w.t.Errorf("the last events are %v, want %v", got, want)
	}
}

func apartPack(version int64, roles map[string]string) string {
	return string(packBody(version, roles)) + "duty_rules: [{id: apart, forbid: [orders/reader, orders/writer, orders/auditor], scope: person}]\n"
}

// Covers: ACR-008, ACR-030, ACR-067
func TestAMoverGetsWhatIsKeptApartOnceTheOldRightIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := apartPack(1, map[string]string{"P1": "reader", "P2": "writer"})
	w.enforces(1, body)
	w.must("identity", 1, starts("E1", "P1"))
	w.must("identity", 2, moves("E1", "P2"))
	w.holds("E1")
	w.lastAre("E1", "GrantRevoked", "BirthrightWithheld")
	w.confirms("E1", 5, 3)
	w.holds("E1", "writer")
	w.lastAre("E1", "BirthrightWithheld", "GrantRemovalConfirmed", "GrantIssued")
	facts := w.facts("E1")
	f := facts[len(facts)-1]
	e := f.Message.(*accessv1.GrantIssued)
	if e.GetReason() != holdings.ReasonRemoval || f.PolicyDigest != pack.Digest([]byte(body)) || *f.Causation != (eventstore.Cause{Service: "provisioning", Position: 5}) {
		t.Errorf("it is given because of %s, %v, by %.8s", e.GetReason(), f.Causation, f.PolicyDigest)
	}
}

// A delivery that died after its first write lets through what it did not.
//
// Covers: ACR-030
func TestARepeatedConfirmationLetsThroughWhatTheFirstDidNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enforces(1, apartPack(1, map[string]string{"P1": "reader", "P2": "writer"}))
	w.must("identity", 1, starts("E1", "P1"))
	w.must("identity", 2, moves("E1", "P2"))
	grant := w.removing("E1")[0]
	w.carries("E1", holdings.ConfirmRemoved{GrantID: grant})
	w.holds("E1")
	w.must("provisioning", 5, completed("E1", grant, "remove"))
	w.holds("E1", "writer")
}

const payMatrix = pairPack + "matrix: [{where: 'attributes.project == \"P1\"', grants: [pay/create]}, {where: 'attributes.project == \"P2\"', grants: [pay/approve]}]\n"

// Covers: ACR-030, ACR-060
func TestAWithheldBirthrightComesWhenTheAskedRightHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enforces(1, payMatrix)
	w.must("identity", 1, starts("E1", "P0"))
	w.asks("E1", "create")
	w.must("approval", 1, &approvalv1.ApprovalGranted{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_create", Kind: holdings.AskKind})
	w.must("identity", 2, moves("E1", "P2"))
	w.holds("E1", "create")
	w.lastAre("E1", "BirthrightWithheld")
	w.carries("E1", holdings.Expire{GrantID: w.live("E1")["create"].Issued.GetGrantId(), Now: monday.AddDate(0, 3, 0)})
	w.holds("E1")
	w.confirms("E1", 1, 2)
	w.holds("E1", "approve")
	w.lastAre("E1", "GrantExpired", "GrantRemovalConfirmed", "GrantIssued")
}

// What was signed while the other half was being removed comes before the
// birthrights, and its explanation leads to the signatures.
//
// Covers: ACR-008, ACR-030, APR-001
func TestWhatWasSignedDuringARemovalComesAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enforces(1, payMatrix)
	w.must("identity", 1, starts("E1", "P0"))
	w.asks("E1", "approve")
	w.must("identity", 2, moves("E1", "P1"))
	w.must("identity", 3, moves("E1", "P0"))
	w.must("approval", 7, &approvalv1.ApprovalGranted{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_approve", Kind: holdings.AskKind})
	w.holds("E1")
	w.lastAre("E1", "AccessRequestApproved", "AccessRequestDelayed")
	w.confirms("E1", 1, 3)
	w.holds("E1", "approve")
	w.lastAre("E1", "AccessRequestDelayed", "GrantRemovalConfirmed", "GrantIssued")
	facts := w.facts("E1")
	delay, grant := facts[len(facts)-3], facts[len(facts)-1]
	if *grant.Causation != *delay.Cause() || *delay.Causation != (eventstore.Cause{Service: "approval", Position: 7}) {
		t.Errorf("the grant follows from %v, the delay from %v", grant.Causation, delay.Causation)
	}
}

// Covers: ACR-030, ACR-070
func TestAGrantWhoseSuspensionIsOverComesBackAfterARemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// The pack lets both be held; it is a rule of an earlier moment that kept one down.
	w.enforces(1, strings.NewReplacer("grants: [pay/create]", "grants: [pay/create, pay/approve]", "duty_rules", "# duty_rules").Replace(payMatrix))
	w.must("identity", 1, starts("E1", "P1"))
	approve := w.live("E1")["approve"].Issued.GetGrantId()
	w.carries("E1", holdings.SuspendGrant{GrantID: approve, By: "per_9", Reason: "核查中", Until: monday, Now: monday.Add(-time.Hour)})
	w.must("identity", 2, moves("E1", "P2"))
	w.carries("E1", holdings.EndSuspension{
		GrantID: approve, Now: monday, Duties: []holdings.DutyRule{{ID: "four-eyes", Apart: []string{"pay/create", "pay/approve"}}},
	})
	w.lastAre("E1", "GrantRevoked", "GrantReinstatementWithheld")
	w.confirms("E1", 1, 3)
	w.lastAre("E1", "GrantReinstatementWithheld", "GrantRemovalConfirmed", "GrantReinstated")
}

// withoutRule is a pack of a later version that lets everything be held together.
func withoutRule(version int, body string) string {
	return strings.NewReplacer("version: 1", fmt.Sprintf("version: %d", version), "duty_rules", "# duty_rules").Replace(body)
}

// A pack that drops the rule gives what was signed at once: before the
// birthrights, without the removal, and once however often it is delivered. Its
// explanation leads to the signatures, and names the new pack.
//
// Covers: ACR-008, ACR-030
func TestAPackThatDropsTheRuleGivesWhatWaitedForARemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enforces(1, payMatrix)
	w.must("identity", 1, starts("E1", "P0"))
	w.asks("E1", "approve")
	w.must("identity", 2, moves("E1", "P1"))
	w.must("identity", 3, moves("E1", "P0"))
	w.must("approval", 7, &approvalv1.ApprovalGranted{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_approve", Kind: holdings.AskKind})
	w.holds("E1")
	w.lastAre("E1", "AccessRequestApproved", "AccessRequestDelayed")
	w.enforces(2, strings.Replace(payMatrix, "version: 1", "version: 2", 1))
	w.lastAre("E1", "AccessRequestApproved", "AccessRequestDelayed") // the rule is still there
	dropped := withoutRule(3, strings.Replace(payMatrix, `"P1"`, `"P0"`, 1))
	for range 2 {
		w.enforces(3, dropped)
	}
	w.holds("E1", "approve", "create")
	w.lastAre("E1", "AccessRequestDelayed", "GrantIssued", "GrantIssued")
	facts := w.facts("E1")
	delay, grant := facts[len(facts)-3], facts[len(facts)-2]
	if e, ok := grant.Message.(*accessv1.GrantIssued); !ok || e.GetRole() != "approve" || *grant.Causation != *delay.Cause() || grant.PolicyDigest != pack.Digest([]byte(dropped)) {
		t.Errorf("first comes %v because of %v by %.8s", grant.Message, grant.Causation, grant.PolicyDigest)
	}
	if n := len(w.removing("E1")); n != 1 {
		t.Errorf("%d rights are being removed, want the one that was", n)
	}
}

// Covers: ACR-030, ACR-070
func TestAPackThatDropsTheRuleEndsASuspensionThatWaited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := strings.Replace(payMatrix, "grants: [pay/create]", "grants: [pay/create, pay/approve]", 1)
	w.enforces(1, withoutRule(1, both))
	w.must("identity", 1, starts("E1", "P1"))
	approve := w.live("E1")["approve"].Issued.GetGrantId()
	w.carries("E1", holdings.SuspendGrant{GrantID: approve, By: "per_9", Reason: "核查中", Until: monday, Now: monday.Add(-time.Hour)})
	w.must("identity", 2, moves("E1", "P2"))
	w.carries("E1", holdings.EndSuspension{
		GrantID: approve, Now: monday, Duties: []holdings.DutyRule{{ID: "four-eyes", Apart: []string{"pay/create", "pay/approve"}}},
	})
	w.lastAre("E1", "GrantRevoked", "GrantReinstatementWithheld")
	for range 2 {
		w.enforces(2, withoutRule(2, payMatrix))
	}
	w.lastAre("E1", "GrantRevoked", "GrantReinstatementWithheld", "GrantReinstated")
	facts := w.facts("E1")
	if last := facts[len(facts)-1]; last.Causation == nil || *last.Causation != (eventstore.Cause{Service: "policy", Position: 21}) {
		t.Errorf("it is back because of %v", last.Causation)
	}
}

// People move between posts that rules keep apart while targets confirm and packs
// change, all at the same time: in the end everybody holds what the last pack
// gives to the last post.
//
// Covers: ACR-030
func TestNobodyIsLeftWaitingWhateverComesTogether(t *testing.T) {
	t.Parallel()
	roles := []string{"reader", "writer", "auditor"}
	const people, packs, posts = 6, 3, 4
	for seed := range testkit.Count(400) {
		w := newWorld(t)
		r := rand.New(rand.NewPCG(uint64(seed), 4))
		last, final := map[string]string{}, map[string]string{}
		var all sync.WaitGroup
		for p := range people {
			person := fmt.Sprintf("E%d", p)
			var way []string
			for range posts {
				way = append(way, fmt.Sprintf("P%d", r.IntN(3)))
			}
			last[person] = way[posts-1]
			all.Go(func() { // in order for one person, as an inbox delivers
				w.must("identity", int64(10*p+1), starts(person, way[0]))
				for n, project := range way[1:] {
					w.must("identity", int64(10*p+n+2), moves(person, project))
				}
			})
			all.Go(func() { // the target answers when it does
				for n := range 4 {
					for m, id := range w.removing(person) {
						w.must("provisioning", int64(1000*p+10*n+m), completed(person, id, "remove"))
					}
				}
			})
		}
		for v := range packs {
			matrix := map[string]string{}
			for p := range 3 {
				matrix[fmt.Sprintf("P%d", p)] = roles[r.IntN(3)]
			}
			if v == packs-1 {
				final = matrix
			}
			all.Go(func() { w.enforces(int64(v+1), apartPack(int64(v+1), matrix)) })
		}
		all.Wait()
		for person, project := range last {
			w.confirms(person, 100_000, 2)
			w.holds(person, final[project])
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
