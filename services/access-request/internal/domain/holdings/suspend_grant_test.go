package holdings_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// suspends is per_9's decision about a grant at noon.
func suspends(grant string, change ...func(*holdings.SuspendGrant)) holdings.SuspendGrant {
	c := holdings.SuspendGrant{GrantID: grant, By: "per_9", Reason: "核查中", Now: noon}
	for _, f := range change {
		f(&c)
	}
	return c
}

func suspended(grant, role string, turn int32, until ...time.Time) *accessv1.GrantSuspended {
	e := &accessv1.GrantSuspended{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Account: "E1", Application: "orders", Role: role, Reason: "核查中",
		Target: "orders-db", EffectiveAt: timestamppb.New(noon), Turn: turn,
	}
	for _, u := range until {
		e.Until = timestamppb.New(u)
	}
	return e
}

func suspensionConfirmed(grant, role string) *accessv1.GrantSuspensionConfirmed {
	return &accessv1.GrantSuspensionConfirmed{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Application: "orders", Role: role, Account: "E1", Target: "orders-db",
	}
}

// inTurn is the end of a grant that was suspended before.
func inTurn(turn int32, e *accessv1.GrantRevoked) *accessv1.GrantRevoked {
	e.Turn = turn
	return e
}

// holder is a person with the birthright orders/reader, read back.
func holder(more ...proto.Message) []proto.Message {
	return append([]proto.Message{here(), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), activated("grt_1", "reader")}, more...)
}

// Covers: ACR-070, AUD-001
func TestAGrantIsSuspendedAndReadBack(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(holder()...).
		When(suspends("grt_1")).Then(suspended("grt_1", "reader", 1)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).Then(suspensionConfirmed("grt_1", "reader")).
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).ThenNothing()
	testkit.Rule(t, decider).Given(holder()...).
		When(suspends("grt_1", func(c *holdings.SuspendGrant) { c.Until = summer })).Then(suspended("grt_1", "reader", 1, summer))
}

// The target may answer an addition after its grant was suspended; that says
// nothing about the suspension (ACR-008).
//
// Covers: ACR-070
func TestAnAdditionOfAnEarlierTurnActivatesNothing(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(here(), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1)).
		When(suspends("grt_1")).Then(suspended("grt_1", "reader", 1)).
		When(holdings.ConfirmActive{GrantID: "grt_1"}).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).Then(suspensionConfirmed("grt_1", "reader")).
		When(holdings.ConfirmActive{GrantID: "grt_1"}).ThenNothing().
		When(reinstates("grt_1")).Then(reinstatement("grt_1", "reader", 2)).
		When(holdings.ConfirmActive{GrantID: "grt_1"}).ThenNothing().
		When(holdings.ConfirmActive{GrantID: "grt_1", Turn: 2}).Then(activated("grt_1", "reader"))
}

// Covers: ACR-070
func TestSuspensionsThatAreRefused(t *testing.T) {
	t.Parallel()
	ends := append(signed(t, "writer"), approved("writer"), given("writer", noon), activatedUntil("grt_9", "writer", summer))
	for name, tc := range map[string]struct {
		given []proto.Message
		when  holdings.SuspendGrant
		want  error
	}{
		"no such grant":       {holder(), suspends("grt_7"), holdings.ErrGrantNotFound},
		"the own grant":       {holder(), suspends("grt_1", func(c *holdings.SuspendGrant) { c.By = "per_1" }), holdings.ErrOwnGrant},
		"no reason":           {holder(), suspends("grt_1", func(c *holdings.SuspendGrant) { c.Reason = " " }), holdings.ErrGrantReasonMissing},
		"too long a reason":   {holder(), suspends("grt_1", func(c *holdings.SuspendGrant) { c.Reason = strings.Repeat("因", 1001) }), holdings.ErrGrantReasonTooLong},
		"an end that is over": {holder(), suspends("grt_1", func(c *holdings.SuspendGrant) { c.Until = noon }), holdings.ErrSuspensionPeriod},
		"suspended already":   {holder(suspended("grt_1", "reader", 1)), suspends("grt_1"), holdings.ErrGrantSuspended},
		"suspended and gone": {
			holder(suspended("grt_1", "reader", 1), suspensionConfirmed("grt_1", "reader")), suspends("grt_1"), holdings.ErrGrantSuspended,
		},
		"revoked": {
			holder(revoked("grt_1", "reader", holdings.ReasonMatrix, "matrix[1]", noon, 2)), suspends("grt_1"), holdings.ErrGrantEnded,
		},
		"at its end": {ends, suspends("grt_9", func(c *holdings.SuspendGrant) { c.Now = summer }), holdings.ErrGrantEnded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(tc.given...).When(tc.when).ThenRefused(tc.want)
		})
	}
	testkit.Rule(t, decider).Given(holder()...).
		When(suspends("grt_1", func(c *holdings.SuspendGrant) { c.Reason = strings.Repeat("因", 1000) })).
		Then(func() *accessv1.GrantSuspended {
			e := suspended("grt_1", "reader", 1)
			e.Reason = strings.Repeat("因", 1000)
			return e
		}())
}

// Whoever aligns the birthrights finds a suspended one held: it is neither
// issued again nor reinstated, not even if its role has moved elsewhere; and
// what the post no longer gives is revoked, suspended or not.
//
// Covers: ACR-070
func TestAlignmentLeavesASuspendedBirthrightAlone(t *testing.T) {
	t.Parallel()
	elsewhere := right("reader", "grt_5")
	elsewhere.Target = "new-db"
	for _, confirmed := range [][]proto.Message{nil, {suspensionConfirmed("grt_1", "reader")}} {
		before := append(holder(suspended("grt_1", "reader", 1)), confirmed...)
		testkit.Rule(t, decider).Given(before...).
			When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: []holdings.Birthright{right("reader", "grt_5")}}).ThenNothing().
			When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: []holdings.Birthright{elsewhere}}).ThenNothing().
			When(holdings.Realign{PostPosition: 10, Pack: packTwo}).
			Then(inTurn(2, revoked("grt_1", "reader", holdings.ReasonMatrix, "matrix[1]", wednesday, 2))).
			When(reinstates("grt_1")).ThenRefused(holdings.ErrGrantEnded).
			When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).ThenNothing().
			When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 2}).Then(removed("grt_1", "reader"))
	}
}

// A suspended right can come back, so the other half of a pair is not given
// meanwhile, and the role cannot be asked for a second time.
//
// Covers: ACR-030, ACR-070
func TestASuspendedGrantCountsAsHeld(t *testing.T) {
	t.Parallel()
	apart := []holdings.DutyRule{{ID: "four-eyes", Apart: []string{"orders/reader", "orders/writer"}}}
	before := holder(suspended("grt_1", "reader", 1), suspensionConfirmed("grt_1", "reader"))
	testkit.Rule(t, decider).Given(before...).
		When(asks("writer", func(c *holdings.SubmitRequest) { c.Duties = apart })).ThenRefused(holdings.ErrDutyConflict).
		When(asks("reader")).ThenRefused(holdings.ErrHeldAlready)
}

// Covers: ACR-070
func TestALeaverIsClearedOfWhatWasSuspended(t *testing.T) {
	t.Parallel()
	for _, confirmed := range [][]proto.Message{nil, {suspensionConfirmed("grt_1", "reader")}} {
		before := append(holder(suspended("grt_1", "reader", 1)), confirmed...)
		testkit.Rule(t, decider).Given(before...).
			When(leaves(11, wednesday)).
			Then(noted(11, wednesday, "P1", false), inTurn(2, revoked("grt_1", "reader", holdings.ReasonLeaver, "employment", wednesday, 0))).
			When(reinstates("grt_1")).ThenRefused(holdings.ErrGrantEnded).
			When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).ThenNothing().
			When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 2}).Then(removed("grt_1", "reader"), cleared(1, 11))
	}
}

// Covers: ACR-060, ACR-070
func TestASuspendedGrantIsRenewedAndExpires(t *testing.T) {
	t.Parallel()
	before := append(signed(t, "writer"), approved("writer"), given("writer", noon), activatedUntil("grt_9", "writer", summer),
		&accessv1.AccessRequestFulfilled{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_writer", GrantId: "grt_9"},
		suspended("grt_9", "writer", 1), suspensionConfirmed("grt_9", "writer"))
	autumn := summer.AddDate(0, 3, 0)
	renewal := requested("writer", func(e *accessv1.AccessRequested) {
		e.RequestId, e.Number, e.Renews, e.ValidUntil = "req_2", "AR-2026-000002", "grt_9", timestamppb.New(autumn)
	})
	asked := &accessv1.AccessApprovalRequired{RequestId: "req_2", Ask: required(t, asks("writer", func(c *holdings.SubmitRequest) { c.CaseID = "case_2" }), here()).GetAsk()}
	expired := &accessv1.GrantExpired{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_9", Account: "E1", Application: "orders", Role: "writer", Target: "orders-db",
		EffectiveAt: timestamppb.New(autumn), Turn: 2,
	}
	testkit.Rule(t, decider).Given(before...).Given(renewal, asked).
		When(holdings.RecordOutcome{CaseID: "case_2", Outcome: holdings.OutcomeGranted, GrantID: "grt_10", Offer: offered("writer"), Pack: packOne, Now: noon}).
		Then(&accessv1.AccessRequestApproved{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_2", CaseId: "case_2"},
			&accessv1.GrantRenewed{
				PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_9", Application: "orders", Role: "writer", ValidUntil: timestamppb.New(autumn),
				RequestId: "req_2", BeganAt: timestamppb.New(noon), Suspended: true,
			}).
		When(holdings.Expire{GrantID: "grt_9", Now: summer}).ThenNothing().
		When(holdings.Expire{GrantID: "grt_9", Now: autumn}).Then(expired).
		When(holdings.ConfirmRemoved{GrantID: "grt_9", Turn: 1}).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_9", Turn: 2}).Then(removed("grt_9", "writer"))
}
