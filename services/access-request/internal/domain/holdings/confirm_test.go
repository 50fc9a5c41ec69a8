package holdings_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

func TestAReadBackMakesAGrantActiveOnce(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1)).
		When(holdings.ConfirmActive{GrantID: "grt_1"}).Then(activated("grt_1", "reader")).
		When(holdings.ConfirmActive{GrantID: "grt_1"}).ThenNothing()
}

func TestAnAdditionConfirmedAfterTheRevocationDoesNotBringTheGrantBack(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(
			noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1),
			noted(11, tuesday, "P1", false), revoked("grt_1", "reader", holdings.ReasonLeaver, "employment", tuesday, 0),
		).
		When(holdings.ConfirmActive{GrantID: "grt_1"}).ThenNothing().
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).Then(removed("grt_1", "reader"), cleared(1, 11)).
		When(holdings.ConfirmActive{GrantID: "grt_1"}).ThenNothing()
}

// Covers: ACR-008
func TestAConfirmationWithoutADecisionIsRefused(t *testing.T) {
	t.Parallel()
	given := []proto.Message{
		noted(10, monday, "P1", true),
		issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), activated("grt_1", "reader"),
		issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1),
	}
	for name, tc := range map[string]struct {
		when holdings.Command
		want error
	}{
		"an addition that nobody ordered":  {holdings.ConfirmActive{GrantID: "grt_9"}, holdings.ErrGrantUnknown},
		"a removal of an unknown grant":    {holdings.ConfirmRemoved{GrantID: "grt_9"}, holdings.ErrGrantUnknown},
		"a removal of an active grant":     {holdings.ConfirmRemoved{GrantID: "grt_1"}, holdings.ErrGrantNotRevoked},
		"a removal of a grant just issued": {holdings.ConfirmRemoved{GrantID: "grt_2"}, holdings.ErrGrantNotRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(given...).When(tc.when).ThenRefused(tc.want)
		})
	}
}
