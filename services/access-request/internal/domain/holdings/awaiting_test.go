package holdings_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// aligns is the alignment with the first pack after a removal on Wednesday.
func aligns(due ...holdings.Birthright) holdings.Realign {
	return holdings.Realign{PostPosition: 10, Pack: packOne, Birthrights: due, Duties: separated, Freed: wednesday}
}

// takenAway is orders/reader on its way out: asked for once, and at its end.
func takenAway() []proto.Message {
	asked := issued("grt_1", "reader", "asked", monday, 1)
	asked.Kind = holdings.KindStandard
	return []proto.Message{asked, activated("grt_1", "reader"), over("grt_1", "reader", tuesday)}
}

func over(grant, role string, at time.Time) *accessv1.GrantExpired {
	return &accessv1.GrantExpired{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Account: "E1", Application: "orders", Role: role, Target: "orders-db",
		EffectiveAt: timestamppb.New(at),
	}
}

// What the old post gave counts until its removal is confirmed; what the new one
// gives beside it comes then, by itself and once.
//
// Covers: ACR-030, ACR-067
func TestAtATransferWhatIsKeptApartWaitsUntilTheOldRightIsGone(t *testing.T) {
	t.Parallel()
	due := []holdings.Birthright{right("writer", "grt_2"), right("auditor", "grt_3")}
	move := apart(engineer(11, tuesday, "P1", packOne, due...))
	move.Unit = []string{"总部", "财务部"}
	moved := noted(11, tuesday, "P1", true)
	moved.Unit = move.Unit
	after := aligns(right("writer", "grt_4"), right("auditor", "grt_5"))
	after.PostPosition = 11
	testkit.Rule(t, decider).Given(holder()...).
		When(move).Then(moved,
		revoked("grt_1", "reader", holdings.ReasonTransfer, "matrix[1]", tuesday, 1),
		issued("grt_3", "auditor", holdings.ReasonTransfer, tuesday, 1),
		until(kept("writer", "orders/reader", holdings.ReasonTransfer, packOne)),
	).
		When(after).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
		When(after).Then(issued("grt_4", "writer", holdings.ReasonRemoval, wednesday, 1)).
		When(after).ThenNothing()
}

// Covers: ACR-030
func TestAWithheldBirthrightIsGivenOnceWhatWasAskedForIsGone(t *testing.T) {
	t.Parallel()
	asked := issued("grt_1", "reader", "asked", monday, 1)
	asked.Kind, asked.ValidUntil = holdings.KindStandard, timestamppb.New(tuesday)
	after := aligns(right("writer", "grt_2"))
	testkit.Rule(t, decider).
		Given(here(), asked, activated("grt_1", "reader"), kept("writer", "orders/reader", holdings.ReasonAttribute, packOne)).
		When(holdings.Expire{GrantID: "grt_1", Now: tuesday}).Then(over("grt_1", "reader", tuesday)).
		When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: after.Birthrights, Duties: separated}).
		Then(func() proto.Message {
			e := until(kept("writer", "orders/reader", holdings.ReasonMatrix, packTwo))
			e.EffectiveAt = timestamppb.New(wednesday)
			return e
		}()).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
		When(func() holdings.Realign { after.Pack = packTwo; return after }()).
		Then(issued("grt_2", "writer", holdings.ReasonRemoval, wednesday, 2)).
		When(after).ThenNothing()
}

// Of two that exclude each other and both wait, the first in the matrix is
// given; the other stays back, and nothing goes back and forth.
//
// Covers: ACR-030
func TestOfTwoThatWaitTheOrderOfTheMatrixDecides(t *testing.T) {
	t.Parallel()
	duties := []holdings.DutyRule{{ID: "read-write", Apart: []string{"orders/reader", "orders/writer", "orders/auditor"}}}
	after := aligns(right("auditor", "grt_2"), right("writer", "grt_3"))
	after.Duties = duties
	behind := kept("writer", "orders/auditor", holdings.ReasonRemoval, packOne)
	behind.EffectiveAt = timestamppb.New(wednesday)
	first := until(kept("auditor", "orders/reader", holdings.ReasonRemoval, packOne))
	first.EffectiveAt = timestamppb.New(wednesday)
	testkit.Rule(t, decider).Given(here()).Given(takenAway()...).
		When(after).Then(behind, first).
		When(after).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
		When(after).Then(issued("grt_2", "auditor", holdings.ReasonRemoval, wednesday, 1)).
		When(after).ThenNothing()
}

// What stands first in the matrix replaces what was given in its place, one
// after the other.
//
// Covers: ACR-030
func TestWhatStandsFirstReplacesWhatWasGivenInItsPlace(t *testing.T) {
	t.Parallel()
	duties := []holdings.DutyRule{{ID: "read-write", Apart: []string{"orders/reader", "orders/writer"}}, {ID: "audit", Apart: []string{"orders/writer", "orders/auditor"}}}
	after := aligns(right("writer", "grt_3"), right("auditor", "grt_4"))
	after.Duties = duties
	on := func(e *accessv1.BirthrightWithheld, rule string) *accessv1.BirthrightWithheld {
		e.Rule, e.EffectiveAt = rule, timestamppb.New(wednesday)
		return e
	}
	testkit.Rule(t, decider).Given(here(), issued("grt_2", "auditor", holdings.ReasonEmployment, monday, 1)).Given(takenAway()...).
		Given(kept("writer", "orders/reader", holdings.ReasonEmployment, packOne), removed("grt_1", "reader")).
		When(after).Then(
		revoked("grt_2", "auditor", holdings.ReasonRemoval, "matrix[1]", wednesday, 1),
		on(kept("auditor", "orders/writer", holdings.ReasonRemoval, packOne), "audit"),
		on(until(kept("writer", "orders/auditor", holdings.ReasonRemoval, packOne)), "audit"),
	).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "auditor")).
		When(after).Then(issued("grt_3", "writer", holdings.ReasonRemoval, wednesday, 1)).
		When(after).ThenNothing()
}

// A right that was asked for before the post gave it ends; the post still gives
// it.
//
// Covers: ACR-017
func TestABirthrightIsGivenWhenTheAskedRightInItsPlaceIsGone(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(here()).Given(takenAway()...).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
		When(aligns(right("reader", "grt_2"))).Then(issued("grt_2", "reader", holdings.ReasonRemoval, wednesday, 1))
}

// Covers: ACR-030
func TestARemovalSaysWhatItMayLetThrough(t *testing.T) {
	t.Parallel()
	back := kept("writer", "orders/reader", holdings.ReasonEmployment, packOne)
	gone := []proto.Message{revoked("grt_1", "reader", holdings.ReasonMatrix, "matrix[1]", tuesday, 1), removed("grt_1", "reader")}
	waits := delayed("writer")
	down := suspended("grt_2", "auditor", 1, tuesday)
	waiting := &accessv1.GrantReinstatementWithheld{GrantId: "grt_2", Removing: true}
	other := issued("grt_2", "auditor", holdings.ReasonEmployment, monday, 1)
	for name, tc := range map[string]struct {
		given []proto.Message
		want  holdings.Freed
	}{
		"nothing, if nothing waits":           {holder(gone...), holdings.Freed{}},
		"nothing, before it is confirmed":     {holder(back, gone[0]), holdings.Freed{}},
		"nothing, if the person has left":     {holder(back, gone[0], noted(11, tuesday, "P1", false), gone[1]), holdings.Freed{}},
		"birthrights, if one is withheld":     {holder(append([]proto.Message{back}, gone...)...), holdings.Freed{Birthrights: true}},
		"birthrights, if it was asked for":    {append(append([]proto.Message{here()}, takenAway()...), gone[1]), holdings.Freed{Birthrights: true}},
		"a delayed request":                   {holder(append([]proto.Message{requested("writer"), startsAt("writer", noon), waits}, gone...)...), holdings.Freed{Waiting: holdings.Waiting{Requests: []string{"req_writer"}}}},
		"no request that begins on its day":   {holder(append([]proto.Message{requested("writer"), startsAt("writer", noon)}, gone...)...), holdings.Freed{}},
		"no delayed request that is given up": {holder(append([]proto.Message{requested("writer"), startsAt("writer", noon), waits, withdrawal("writer", "requester")}, gone...)...), holdings.Freed{}},
		"a suspended grant that waits":        {holder(append([]proto.Message{other, down, waiting}, gone...)...), holdings.Freed{Waiting: holdings.Waiting{Grants: []string{"grt_2"}}}},
		"no suspended grant that does not":    {holder(append([]proto.Message{other, down}, gone...)...), holdings.Freed{}},
		"no suspended grant that came back":   {holder(append([]proto.Message{other, down, waiting, reinstatement("grt_2", "auditor", 2)}, gone...)...), holdings.Freed{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s holdings.State
			for _, e := range tc.given {
				s = holdings.Evolve(s, e)
			}
			if diff := cmp.Diff(tc.want, s.Freed("grt_1")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// startsAt is the approval of a request whose grant begins at an instant.
func startsAt(role string, at time.Time) *accessv1.AccessRequestApproved {
	e := approved(role)
	e.BeginsAt = timestamppb.New(at)
	return e
}

func delayed(role string) *accessv1.AccessRequestDelayed {
	return &accessv1.AccessRequestDelayed{
		PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_" + role, Application: "orders", Role: role, Rule: "read-write", Held: "orders/reader",
		ValidUntil: timestamppb.New(summer),
	}
}

// Covers: ACR-030, ACR-039
func TestNobodyAsksForWhatIsKeptApartFromARightThatIsStillThere(t *testing.T) {
	t.Parallel()
	c := asks("writer", func(c *holdings.SubmitRequest) { c.Duties = separated })
	s := append([]proto.Message{here()}, takenAway()...)
	testkit.Rule(t, decider).Given(s...).
		When(c).ThenRefused(holdings.ErrDutyAwaits).
		Given(removed("grt_1", "reader")).
		When(c).Then(requested("writer"), required(t, c, append(s, removed("grt_1", "reader"))...))
}

// What was signed is not lost over a removal that is under way.
//
// Covers: ACR-030, APR-001
func TestWhatWasSignedWaitsForARemoval(t *testing.T) {
	t.Parallel()
	duties := func(c *holdings.RecordOutcome) { c.Duties = separated }
	begin := func(now time.Time) holdings.BeginGrant {
		return holdings.BeginGrant{RequestID: "req_writer", GrantID: "grt_9", Offer: offered("writer"), Duties: separated, Pack: packOne, Now: now}
	}
	before := slices.Concat(signed(t, "writer"), takenAway())
	gone := []proto.Message{startsAt("writer", noon), delayed("writer"), removed("grt_1", "reader")}
	t.Run("and is given then", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(before...).
			When(outcome("writer", holdings.OutcomeGranted, duties)).Then(startsAt("writer", noon), delayed("writer")).
			When(outcome("writer", holdings.OutcomeGranted, duties)).ThenNothing().
			When(begin(wednesday)).ThenNothing().
			When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
			When(begin(wednesday)).Then(given("writer", wednesday)).
			When(begin(wednesday)).ThenNothing()
	})
	t.Run("on its day, too", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(before...).Given(startsAt("writer", wednesday)).
			When(begin(wednesday)).Then(delayed("writer")).
			When(begin(wednesday)).ThenNothing()
	})
	t.Run("also for another one after it", func(t *testing.T) {
		t.Parallel()
		three := []holdings.DutyRule{{ID: "read-write", Apart: []string{"orders/reader", "orders/writer", "orders/auditor"}}}
		c := begin(wednesday)
		c.Duties = three
		again := delayed("writer")
		again.Held = "orders/auditor"
		testkit.Rule(t, decider).Given(before...).
			Given(issued("grt_2", "auditor", holdings.ReasonEmployment, monday, 1), revoked("grt_2", "auditor", holdings.ReasonMatrix, "matrix[1]", tuesday, 1)).
			Given(gone...).
			When(c).Then(again).When(c).ThenNothing().
			When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "auditor")).
			When(c).Then(given("writer", wednesday))
	})
	t.Run("unless its end comes first", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(before...).Given(gone[:2]...).
			When(begin(summer)).Then(refusal("writer", holdings.ReasonLate, ""))
	})
	t.Run("unless the other half was given since", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(before...).Given(gone...).Given(issued("grt_2", "reader", holdings.ReasonMatrix, wednesday, 1)).
			When(begin(wednesday)).Then(refusal("writer", holdings.ReasonDutyRule, "read-write: orders/reader"))
	})
	t.Run("unless it is withdrawn", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(before...).Given(gone[:2]...).
			When(holdings.WithdrawRequest{RequestID: "req_writer"}).Then(withdrawal("writer", holdings.WithdrawnByRequester)).
			Given(gone[2]).
			When(begin(wednesday)).ThenNothing()
	})
	t.Run("and nothing else is asked for beside it", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(before...).Given(gone...).
			When(asks("reader", func(c *holdings.SubmitRequest) { c.Duties = separated })).ThenRefused(holdings.ErrDutyConflict)
	})
}

// A renewal that a new rule speaks against waits like a new grant.
//
// Covers: ACR-030, ACR-060
func TestARenewalWaitsForARemoval(t *testing.T) {
	t.Parallel()
	autumn := summer.AddDate(0, 3, 0)
	again := asks("writer", func(c *holdings.SubmitRequest) { c.RequestID, c.CaseID, c.Until = "req_2", "case_2", autumn })
	held := append(signed(t, "writer"), approved("writer"), given("writer", noon), activated("grt_9", "writer"))
	asked := requested("writer", func(e *accessv1.AccessRequested) {
		e.RequestId, e.ValidUntil, e.Renews = "req_2", timestamppb.New(autumn), "grt_9"
	})
	waits := delayed("writer")
	waits.RequestId, waits.ValidUntil = "req_2", timestamppb.New(autumn)
	signature := startsAt("writer", noon)
	signature.RequestId, signature.CaseId = "req_2", "case_2"
	testkit.Rule(t, decider).Given(held...).Given(asked, required(t, again, held...)).Given(takenAway()...).
		When(holdings.RecordOutcome{
			CaseID: "case_2", Outcome: holdings.OutcomeGranted, GrantID: "grt_10", Offer: offered("writer"), Duties: separated, Pack: packOne, Now: noon,
		}).Then(signature, waits).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
		When(holdings.BeginGrant{RequestID: "req_2", GrantID: "grt_10", Offer: offered("writer"), Duties: separated, Pack: packOne, Now: wednesday}).
		Then(&accessv1.GrantRenewed{
			PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_9", Application: "orders", Role: "writer",
			ValidUntil: timestamppb.New(autumn), RequestId: "req_2", BeganAt: timestamppb.New(noon),
		})
	renewal := again
	renewal.Duties = separated
	testkit.Rule(t, decider).Given(held...).Given(takenAway()...).When(renewal).ThenRefused(holdings.ErrDutyAwaits)
}

// Covers: ACR-030, ACR-070
func TestAReinstatementWaitsForARemoval(t *testing.T) {
	t.Parallel()
	down := slices.Concat([]proto.Message{here(), issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1)},
		[]proto.Message{suspended("grt_2", "writer", 1, wednesday)}, takenAway())
	waits := &accessv1.GrantReinstatementWithheld{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_2", Application: "orders", Role: "writer", Reason: holdings.ReasonDutyRule,
		Rule: "read-write", Held: "orders/reader", Removing: true,
	}
	end := func(now time.Time) holdings.EndSuspension {
		return holdings.EndSuspension{GrantID: "grt_2", Duties: separated, Now: now}
	}
	byHand := reinstates("grt_2", func(c *holdings.ReinstateGrant) { c.Duties = separated })
	later := wednesday.Add(time.Hour)
	back := reinstatement("grt_2", "writer", 2)
	back.Reason, back.EffectiveAt = holdings.ReasonSuspensionOver, timestamppb.New(later)
	t.Run("and comes by itself then", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(down...).
			When(end(wednesday)).Then(waits).
			When(end(wednesday)).ThenNothing().
			When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader")).
			When(end(later)).Then(back).
			When(end(later)).ThenNothing()
	})
	t.Run("if it is somebody's decision, it is refused", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(down...).
			When(byHand).ThenRefused(holdings.ErrReinstatementAwaits).
			Given(waits, removed("grt_1", "reader")).
			When(byHand).Then(reinstatement("grt_2", "writer", 2)).
			When(end(later)).ThenNothing()
	})
	t.Run("unless something else speaks against it by then", func(t *testing.T) {
		t.Parallel()
		stays := proto.CloneOf(waits)
		stays.Removing = false
		testkit.Rule(t, decider).Given(down...).Given(waits, removed("grt_1", "reader"), issued("grt_3", "reader", holdings.ReasonMatrix, wednesday, 2)).
			When(end(later)).Then(stays).
			When(end(later)).ThenNothing()
	})
}

// A suspended grant can come back, so it keeps others away until it has ended and
// is confirmed gone.
//
// Covers: ACR-030, ACR-070
func TestASuspendedGrantKeepsABirthrightBackUntilItHasEnded(t *testing.T) {
	t.Parallel()
	asked := issued("grt_1", "reader", "asked", monday, 1)
	asked.Kind, asked.ValidUntil = holdings.KindStandard, timestamppb.New(wednesday)
	end := over("grt_1", "reader", wednesday)
	end.Turn = 2
	back := kept("writer", "orders/reader", holdings.ReasonEmployment, packOne)
	going := until(kept("writer", "orders/reader", holdings.ReasonRemoval, packOne))
	going.EffectiveAt = timestamppb.New(wednesday)
	after := aligns(right("writer", "grt_2"))
	testkit.Rule(t, decider).
		Given(here(), asked, back, suspended("grt_1", "reader", 1), suspensionConfirmed("grt_1", "reader")).
		When(after).ThenNothing().
		When(holdings.Expire{GrantID: "grt_1", Now: wednesday}).Then(end).
		When(after).Then(going).
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 2}).Then(removed("grt_1", "reader")).
		When(after).Then(issued("grt_2", "writer", holdings.ReasonRemoval, wednesday, 1))
}
