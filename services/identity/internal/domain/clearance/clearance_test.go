package clearance_test

import (
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
)

func openCase(items ...string) clearance.OpenCase {
	return clearance.OpenCase{ID: "cas_1", PersonID: "per_1", Number: "E1", Kind: clearance.Departure, Items: items}
}

func opened(items ...string) proto.Message {
	return &identityv1.ClearanceOpened{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Kind: clearance.Departure, Items: items}
}

func recorded(item string) proto.Message {
	return &identityv1.ClearanceRecorded{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Item: item, Reason: "fact"}
}

func gate() proto.Message {
	return &identityv1.HrGateOpened{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Kind: clearance.Departure}
}

func settle(item string) clearance.Settle { return clearance.Settle{Item: item, Reason: "fact"} }

func rule(t *testing.T, given ...proto.Message) *testkit.Scenario[clearance.State, clearance.Command] {
	t.Helper()
	return testkit.Rule(t, clearance.Decider).Given(given...)
}

// Covers: IDN-028
func TestACaseAlwaysWaitsForTheFacts(t *testing.T) {
	t.Parallel()
	rule(t).When(openCase()).Then(opened("accounts", "grants")).When(openCase()).ThenNothing()
	rule(t).When(openCase("default", "admin_confirmation", "sign_off:研发部", "admin_confirmation")).
		Then(opened("accounts", "grants", "admin_confirmation", "sign_off:研发部"))
	rule(t).When(openCase("admin_confirmation")).Then(opened("accounts", "grants", "admin_confirmation"))
}

// Covers: IDN-025
func TestATransferWaitsForTheRightsOfTheOldPostOnly(t *testing.T) {
	t.Parallel()
	transfer := func(items ...string) clearance.OpenCase {
		c := openCase(items...)
		c.Kind = clearance.Transfer
		return c
	}
	asked := func(items ...string) proto.Message {
		return &identityv1.ClearanceOpened{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Kind: "transfer", Items: items}
	}
	open := &identityv1.HrGateOpened{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Kind: "transfer"}
	rule(t).When(transfer()).Then(asked("grants")).When(settle("accounts")).ThenNothing().
		When(settle("grants")).Then(recorded("grants"), open)
	rule(t).When(transfer("sign_off:function:it", "default", "admin_confirmation")).Then(asked("grants", "sign_off:function:it", "admin_confirmation")).
		When(clearance.Record{Item: "grants", Reason: "x"}).ThenRefused(clearance.ErrSettledByFacts)
	rule(t, asked("grants", "admin_confirmation")).
		When(settle("grants")).Then(recorded("grants")).
		When(clearance.Record{Item: "admin_confirmation", Reason: "fact"}).Then(recorded("admin_confirmation"), open)
}

func TestATransferThatDoesNotHappenMakesItsCaseMoot(t *testing.T) {
	t.Parallel()
	rule(t, &identityv1.ClearanceOpened{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Kind: "transfer", Items: []string{"grants"}}).
		When(clearance.Cancel{Reason: "the person left"}).
		Then(&identityv1.ClearanceCancelled{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Reason: "the person left"}).
		When(settle("grants")).ThenNothing()
}

// Covers: IDN-030
func TestTheGateOpensWithTheLastItemInOneDecision(t *testing.T) {
	t.Parallel()
	rule(t, opened("accounts", "grants", "admin_confirmation")).
		When(settle("grants")).Then(recorded("grants")).
		When(settle("grants")).ThenNothing().
		When(clearance.Record{Item: "admin_confirmation", Reason: "fact"}).Then(recorded("admin_confirmation")).
		When(clearance.Record{Item: "admin_confirmation", Reason: "fact"}).ThenNothing().
		When(settle("accounts")).Then(recorded("accounts"), gate()).
		When(settle("accounts")).ThenNothing()
}

func TestAWaiverCountsAndNeedsAReason(t *testing.T) {
	t.Parallel()
	rule(t, opened("accounts", "grants"), recorded("accounts")).
		When(clearance.Waive{Item: "grants", Reason: " "}).ThenRefused(clearance.ErrReason).
		When(clearance.Waive{Item: "grants", Reason: "the target is gone"}).
		Then(&identityv1.ClearanceWaived{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Item: "grants", Reason: "the target is gone"}, gate()).
		When(settle("grants")).ThenNothing()
}

func TestWhoComesBackMakesTheCaseMoot(t *testing.T) {
	t.Parallel()
	rule(t, opened("accounts", "grants")).
		When(clearance.Cancel{Reason: "rehired"}).
		Then(&identityv1.ClearanceCancelled{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Reason: "rehired"}).
		When(clearance.Cancel{Reason: "rehired"}).ThenNothing().
		When(settle("grants")).ThenNothing()
	rule(t).When(clearance.Cancel{Reason: "rehired"}).ThenNothing()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	open := opened("accounts", "grants", "admin_confirmation")
	cancelled := &identityv1.ClearanceCancelled{CaseId: "cas_1"}
	for name, tc := range map[string]struct {
		given []proto.Message
		when  clearance.Command
		want  error
	}{
		"a fact without a case":     {nil, settle("grants"), clearance.ErrNoCase},
		"a record without a case":   {nil, clearance.Record{Item: "grants"}, clearance.ErrNoCase},
		"a waiver without a case":   {nil, clearance.Waive{Item: "grants", Reason: "x"}, clearance.ErrNoCase},
		"grants are not ticked":     {[]proto.Message{open}, clearance.Record{Item: "grants"}, clearance.ErrSettledByFacts},
		"accounts are not ticked":   {[]proto.Message{open}, clearance.Record{Item: "accounts"}, clearance.ErrSettledByFacts},
		"a record without a reason": {[]proto.Message{open}, clearance.Record{Item: "admin_confirmation", Reason: " "}, clearance.ErrReason},
		"an item that nobody asked": {[]proto.Message{open}, clearance.Record{Item: "badge"}, clearance.ErrUnknownItem},
		"a waiver of no item":       {[]proto.Message{open}, clearance.Waive{Item: "badge", Reason: "x"}, clearance.ErrUnknownItem},
		"a record after the case":   {[]proto.Message{open, cancelled}, clearance.Record{Item: "admin_confirmation", Reason: "fact"}, clearance.ErrClosed},
		"a waiver after the case":   {[]proto.Message{open, cancelled}, clearance.Waive{Item: "grants", Reason: "x"}, clearance.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule(t, tc.given...).When(tc.when).ThenRefused(tc.want)
		})
	}
}

// The gate is open if and only if every item is settled and the case was not
// cancelled; it opens once.
func TestRandomHistoriesKeepTheInvariants(t *testing.T) {
	t.Parallel()
	items := []string{"accounts", "grants", "admin_confirmation", "sign_off:x"}
	kinds := []string{clearance.Departure, clearance.Transfer}
	for seed := range uint64(testkit.Count(4000)) {
		r := rand.New(rand.NewPCG(seed, 3))
		var s clearance.State
		gates, cancelled := 0, false
		opens := openCase(items[2:]...)
		opens.Kind = kinds[r.IntN(len(kinds))]
		for range 30 {
			item := items[r.IntN(len(items))]
			c := []clearance.Command{
				opens, settle(item), clearance.Record{Item: item, Reason: "fact"}, clearance.Waive{Item: item, Reason: "x"}, settle(item),
				clearance.Cancel{},
			}[r.IntN(5+r.IntN(100)/95)]
			events, err := clearance.Decide(s, c)
			if err != nil && len(events) > 0 {
				t.Fatalf("seed %d: a refusal with events", seed)
			}
			for _, e := range events {
				s = clearance.Evolve(s, e)
				switch e.(type) {
				case *identityv1.HrGateOpened:
					gates++
				case *identityv1.ClearanceCancelled:
					cancelled = true
				}
			}
			settled := s.Status != clearance.None && len(s.Missing()) == 0
			if gates > 1 || (gates == 1) != settled || gates == 1 && cancelled || s.GateOpen != (gates == 1) {
				t.Fatalf("seed %d: gates %d, missing %v, cancelled %v", seed, gates, s.Missing(), cancelled)
			}
		}
	}
}
