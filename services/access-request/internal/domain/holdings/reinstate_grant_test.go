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

// reinstates is per_9's decision about a grant at noon.
func reinstates(grant string, change ...func(*holdings.ReinstateGrant)) holdings.ReinstateGrant {
	c := holdings.ReinstateGrant{GrantID: grant, By: "per_9", Reason: "核查完毕", Now: noon}
	for _, f := range change {
		f(&c)
	}
	return c
}

func reinstatement(grant, role string, turn int32) *accessv1.GrantReinstated {
	return &accessv1.GrantReinstated{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: grant, Account: "E1", Application: "orders", Role: role, Reason: "核查完毕",
		Target: "orders-db", EffectiveAt: timestamppb.New(noon), Turn: turn,
	}
}

// apartFromWriter keeps the roles reader and writer apart.
var apartFromWriter = []holdings.DutyRule{{ID: "four-eyes", Apart: []string{"orders/reader", "orders/writer"}}}

// Covers: ACR-070, AUD-001
func TestAGrantComesBackAndMayBeSuspendedAgain(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(holder(suspended("grt_1", "reader", 1), suspensionConfirmed("grt_1", "reader"))...).
		When(reinstates("grt_1")).Then(reinstatement("grt_1", "reader", 2)).
		When(holdings.ConfirmActive{GrantID: "grt_1", Turn: 2}).Then(activated("grt_1", "reader")).
		When(suspends("grt_1")).Then(suspended("grt_1", "reader", 3)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 3}).Then(suspensionConfirmed("grt_1", "reader"))
}

// Covers: ACR-070
func TestAGrantReinstatedBeforeItsRemovalIsConfirmed(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(holder(suspended("grt_1", "reader", 1))...).
		When(reinstates("grt_1")).Then(reinstatement("grt_1", "reader", 2)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).ThenNothing().
		When(holdings.ConfirmActive{GrantID: "grt_1", Turn: 2}).Then(activated("grt_1", "reader")).
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 1}).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_1", Turn: 2}).ThenRefused(holdings.ErrGrantNotRevoked)
}

// The request was fulfilled when the right was there for the first time.
func TestAReinstatedGrantFulfilsItsRequestOnce(t *testing.T) {
	t.Parallel()
	fulfilled := &accessv1.AccessRequestFulfilled{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_writer", GrantId: "grt_9"}
	testkit.Rule(t, decider).Given(signed(t, "writer")...).Given(approved("writer"), given("writer", noon)).
		When(holdings.ConfirmActive{GrantID: "grt_9"}).Then(activatedUntil("grt_9", "writer", summer), fulfilled).
		Given(suspended("grt_9", "writer", 1), reinstatement("grt_9", "writer", 2)).
		When(holdings.ConfirmActive{GrantID: "grt_9", Turn: 2}).Then(activatedUntil("grt_9", "writer", summer))
	testkit.Rule(t, decider).Given(signed(t, "writer")...).Given(approved("writer"), given("writer", noon)).
		Given(suspended("grt_9", "writer", 1), reinstatement("grt_9", "writer", 2)).
		When(holdings.ConfirmActive{GrantID: "grt_9", Turn: 2}).Then(activatedUntil("grt_9", "writer", summer), fulfilled)
}

// Covers: ACR-030, ACR-070
func TestReinstatementsThatAreRefused(t *testing.T) {
	t.Parallel()
	down := holder(suspended("grt_1", "reader", 1))
	both := holder(issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1), activated("grt_2", "writer"), suspended("grt_1", "reader", 1))
	coming := append(holder(requested("writer"), required(t, asks("writer"), here())), &accessv1.AccessRequestApproved{
		PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_writer", CaseId: "case_writer", BeginsAt: timestamppb.New(wednesday),
	}, suspended("grt_1", "reader", 1))
	keptApart := func(c *holdings.ReinstateGrant) { c.Duties = apartFromWriter }
	ends := append(signed(t, "writer"), approved("writer"), given("writer", noon), suspended("grt_9", "writer", 1))
	for name, tc := range map[string]struct {
		given []proto.Message
		when  holdings.ReinstateGrant
		want  error
	}{
		"no such grant":                   {down, reinstates("grt_7"), holdings.ErrGrantNotFound},
		"the own grant":                   {down, reinstates("grt_1", func(c *holdings.ReinstateGrant) { c.By = "per_1" }), holdings.ErrOwnGrant},
		"no reason":                       {down, reinstates("grt_1", func(c *holdings.ReinstateGrant) { c.Reason = "" }), holdings.ErrGrantReasonMissing},
		"too long a reason":               {down, reinstates("grt_1", func(c *holdings.ReinstateGrant) { c.Reason = strings.Repeat("因", 1001) }), holdings.ErrGrantReasonTooLong},
		"never suspended":                 {holder(), reinstates("grt_1"), holdings.ErrGrantNotSuspended},
		"reinstated":                      {holder(suspended("grt_1", "reader", 1), reinstatement("grt_1", "reader", 2)), reinstates("grt_1"), holdings.ErrGrantNotSuspended},
		"what is kept apart from a right": {both, reinstates("grt_1", keptApart), holdings.ErrReinstatementConflict},
		"what is kept apart from one that is coming": {coming, reinstates("grt_1", keptApart), holdings.ErrReinstatementConflict},
		"at its end": {ends, reinstates("grt_9", func(c *holdings.ReinstateGrant) { c.Now = summer }), holdings.ErrGrantEnded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(tc.given...).When(tc.when).ThenRefused(tc.want)
		})
	}
}

// Covers: ACR-070
func TestASuspensionEndsByItselfWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	over := reinstatement("grt_1", "reader", 2)
	over.Reason, over.EffectiveAt = holdings.ReasonSuspensionOver, timestamppb.New(wednesday)
	end := func(at time.Time) holdings.EndSuspension { return holdings.EndSuspension{GrantID: "grt_1", Now: at} }
	testkit.Rule(t, decider).Given(holder(suspended("grt_1", "reader", 1, wednesday))...).
		When(end(wednesday.Add(-time.Second))).ThenNothing().
		When(end(wednesday)).Then(over).
		When(end(wednesday)).ThenNothing()

	t.Run("unless it has no end", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(holder(suspended("grt_1", "reader", 1))...).When(end(summer)).ThenNothing()
	})
	t.Run("unless it was suspended anew without one", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			Given(holder(suspended("grt_1", "reader", 1, wednesday), reinstatement("grt_1", "reader", 2), suspended("grt_1", "reader", 3))...).
			When(end(summer)).ThenNothing()
	})
	t.Run("unless the grant has ended", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			Given(holder(suspended("grt_1", "reader", 1, wednesday), inTurn(2, revoked("grt_1", "reader", holdings.ReasonMatrix, "matrix[1]", tuesday, 2)))...).
			When(end(wednesday)).ThenNothing()
	})
	t.Run("unless the grant ends with it", func(t *testing.T) {
		t.Parallel()
		c := end(summer)
		c.GrantID = "grt_9"
		testkit.Rule(t, decider).Given(signed(t, "writer")...).
			Given(approved("writer"), given("writer", noon), suspended("grt_9", "writer", 1, summer)).
			When(c).ThenNothing()
	})
	t.Run("unless there is no such grant", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(here()).When(end(summer)).ThenNothing()
	})
}

// A pack may have begun to keep apart what is held meanwhile. That is recorded,
// once, and somebody reinstates the grant when the rule allows it.
//
// Covers: ACR-030, ACR-070
func TestASuspensionDoesNotEndAgainstADutyRule(t *testing.T) {
	t.Parallel()
	c := holdings.EndSuspension{GrantID: "grt_1", Duties: apartFromWriter, Now: wednesday}
	testkit.Rule(t, decider).
		Given(holder(issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1), suspended("grt_1", "reader", 1, wednesday))...).
		When(c).Then(&accessv1.GrantReinstatementWithheld{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_1", Application: "orders", Role: "reader", Reason: "duty_rule", Rule: "four-eyes",
		Held: "orders/writer",
	}).
		When(c).ThenNothing().
		When(reinstates("grt_1")).Then(reinstatement("grt_1", "reader", 2))
}
