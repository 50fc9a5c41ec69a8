package holdings_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// Covers: IDN-027, IDN-029, ACR-067
func TestALeaverLosesEverythingInOneDecision(t *testing.T) {
	t.Parallel()
	asked := issued("grt_3", "approver", "asked", monday, 1)
	asked.Kind = "standard"
	testkit.Rule(t, decider).
		Given(
			noted(10, monday, "P1", true),
			issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), activated("grt_1", "reader"),
			issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1), asked,
		).
		When(leaves(11, tuesday)).
		Then(
			noted(11, tuesday, "P1", false),
			revoked("grt_3", "approver", holdings.ReasonLeaver, "employment", tuesday, 0),
			revoked("grt_1", "reader", holdings.ReasonLeaver, "employment", tuesday, 0),
			revoked("grt_2", "writer", holdings.ReasonLeaver, "employment", tuesday, 0),
		)
}

// Covers: IDN-030
func TestHoldingsAreClearedWhenTheLastRemovalIsConfirmed(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(
			noted(10, monday, "P1", true),
			issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1),
			noted(11, tuesday, "P1", false),
			revoked("grt_1", "reader", holdings.ReasonLeaver, "employment", tuesday, 0),
			revoked("grt_2", "writer", holdings.ReasonLeaver, "employment", tuesday, 0),
		).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).Then(removed("grt_2", "writer")).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader"), cleared(2, 11)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).ThenNothing()
}

func TestALeaverWithoutRightsIsClearedAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("who had a post", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(noted(10, monday, "P1", true)).
			When(leaves(11, tuesday)).Then(noted(11, tuesday, "P1", false), cleared(0, 11))
	})
	t.Run("of whom nothing was heard", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).When(leaves(11, tuesday)).
			Then(&accessv1.PostNoted{PersonId: "per_1", EmployeeNumber: "E1", EffectiveAt: timestamppb.New(tuesday), SourcePosition: 11}, cleared(0, 11))
	})
}

func TestALeaverWaitsForRemovalsThatBeganBefore(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(
			noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1),
			noted(11, tuesday, "P2", true), revoked("grt_1", "reader", holdings.ReasonAttribute, "matrix[1]", tuesday, 1),
		).
		When(leaves(12, wednesday)).Then(noted(12, wednesday, "P2", false)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader"), cleared(1, 12))
}
