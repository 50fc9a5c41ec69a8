package holdings_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// Covers: ACR-017, ACR-058, ACR-059, IDN-023
func TestAJoinerGetsTheBirthrightsOfThePost(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		When(engineer(10, monday, "P1", packOne, right("reader", "grt_1"), right("writer", "grt_2"))).
		Then(
			noted(10, monday, "P1", true),
			issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1),
			issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1),
		)
}

func TestWithoutAPackThePostIsNotedAndNothingGiven(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		When(engineer(10, monday, "P1", holdings.Pack{})).
		Then(noted(10, monday, "P1", true))
}

// Covers: ACR-067, IDN-025
func TestAChangedPostTakesWhatItNoLongerImpliesAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	given := []proto.Message{
		noted(10, monday, "P1", true),
		issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), activated("grt_1", "reader"),
		issued("grt_2", "writer", holdings.ReasonEmployment, monday, 1),
	}
	t.Run("an attribute changed", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(engineer(11, tuesday, "P2", packOne, right("reader", "grt_3"), right("auditor", "grt_4"))).
			Then(
				noted(11, tuesday, "P2", true),
				revoked("grt_2", "writer", holdings.ReasonAttribute, "matrix[1]", tuesday, 1),
				issued("grt_4", "auditor", holdings.ReasonAttribute, tuesday, 1),
			)
	})
	t.Run("the unit changed", func(t *testing.T) {
		t.Parallel()
		transfer := engineer(11, tuesday, "P1", packOne)
		transfer.Unit = []string{"总部", "销售部"}
		post := noted(11, tuesday, "P1", true)
		post.Unit = transfer.Unit
		testkit.Rule(t, decider).Given(given...).When(transfer).
			Then(post,
				revoked("grt_1", "reader", holdings.ReasonTransfer, "matrix[1]", tuesday, 1),
				revoked("grt_2", "writer", holdings.ReasonTransfer, "matrix[1]", tuesday, 1),
			)
	})
	t.Run("only the supervisor changed", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(engineer(11, tuesday, "P1", packOne, right("reader", "grt_3"), right("writer", "grt_4"))).
			Then(noted(11, tuesday, "P1", true))
	})
	t.Run("a right that was not given by the post stays", func(t *testing.T) {
		t.Parallel()
		asked := issued("grt_9", "approver", "asked", monday, 1)
		asked.Kind = "standard"
		testkit.Rule(t, decider).Given(append(given, asked)...).
			When(engineer(11, tuesday, "P2", packOne, right("reader", "grt_3"), right("writer", "grt_4"), right("approver", "grt_5"))).
			Then(noted(11, tuesday, "P2", true))
	})
	t.Run("a change in the past takes nothing before it was given", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(engineer(11, monday.AddDate(0, 0, -7), "P2", packOne, right("reader", "grt_3"))).
			Then(
				noted(11, monday.AddDate(0, 0, -7), "P2", true),
				revoked("grt_2", "writer", holdings.ReasonAttribute, "matrix[1]", monday, 1),
			)
	})
	t.Run("a role that moved to another target is given there and taken here", func(t *testing.T) {
		t.Parallel()
		there := right("reader", "grt_3")
		there.Target = "other-db"
		moved := issued("grt_3", "reader", holdings.ReasonAttribute, tuesday, 1)
		moved.Target = "other-db"
		testkit.Rule(t, decider).Given(given...).
			When(engineer(11, tuesday, "P2", packOne, there, right("writer", "grt_4"))).
			Then(noted(11, tuesday, "P2", true),
				revoked("grt_1", "reader", holdings.ReasonAttribute, "matrix[1]", tuesday, 1), moved)
	})
}

func TestARoleThatTwoRulesGiveIsOneGrant(t *testing.T) {
	t.Parallel()
	second := right("reader", "grt_2")
	second.Rule = "matrix[7]"
	testkit.Rule(t, decider).
		When(engineer(10, monday, "P1", packOne, right("reader", "grt_1"), second)).
		Then(noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1))
}

func TestARoleThatBecomesDueAgainDuringRemovalGetsANewGrant(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(
			noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1),
			noted(11, tuesday, "P2", true), revoked("grt_1", "reader", holdings.ReasonAttribute, "matrix[1]", tuesday, 1),
		).
		When(engineer(12, wednesday, "P1", packOne, right("reader", "grt_2"))).
		Then(noted(12, wednesday, "P1", true), issued("grt_2", "reader", holdings.ReasonAttribute, wednesday, 1)).
		When(holdings.ConfirmRemoved{GrantID: "grt_1"}).
		Then(removed("grt_1", "reader")).
		When(holdings.ConfirmActive{GrantID: "grt_2"}).
		Then(activated("grt_2", "reader"))
}

func TestAPostIsReplacedOnlyByALaterOne(t *testing.T) {
	t.Parallel()
	given := []proto.Message{noted(20, tuesday, "P2", true), issued("grt_1", "reader", holdings.ReasonEmployment, tuesday, 1)}
	for name, c := range map[string]holdings.Command{
		"an older post":      engineer(19, wednesday, "P1", packOne, right("writer", "grt_2")),
		"the same post":      engineer(20, tuesday, "P2", packOne),
		"an older departure": leaves(19, wednesday),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(given...).When(c).ThenNothing()
		})
	}
}

func TestRulesThatAreNoLongerInForceDecideNothing(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonMatrix, wednesday, 2)).
		When(engineer(11, tuesday, "P2", packOne, right("writer", "grt_2"))).
		Then(noted(11, tuesday, "P2", true))
}

func TestAPostOfNobodyIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]holdings.Command{
		"post without person":               holdings.NotePost{EmployeeNumber: "E1", SourcePosition: 1},
		"post without employee number":      holdings.NotePost{PersonID: "per_1", SourcePosition: 1},
		"departure without person":          holdings.NoteDeparture{EmployeeNumber: "E1", SourcePosition: 1},
		"departure without employee number": holdings.NoteDeparture{PersonID: "per_1", SourcePosition: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).When(c).ThenRefused(holdings.ErrNobody)
		})
	}
}

// Covers: IDN-023
func TestWhoComesBackStartsAnew(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(
			noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), activated("grt_1", "reader"),
			noted(11, tuesday, "P1", false), revoked("grt_1", "reader", holdings.ReasonLeaver, "employment", tuesday, 0),
			removed("grt_1", "reader"), cleared(1, 11),
		).
		When(engineer(12, wednesday, "P1", packOne, right("reader", "grt_2"))).
		Then(noted(12, wednesday, "P1", true), issued("grt_2", "reader", holdings.ReasonEmployment, wednesday, 1)).
		When(leaves(13, wednesday)).
		Then(
			&accessv1.PostNoted{
				PersonId: "per_1", EmployeeNumber: "E1", Position: "engineer", Unit: []string{"总部", "研发部"}, Kind: "employee",
				Attributes: map[string]string{"project": "P1"}, EffectiveAt: timestamppb.New(wednesday), SourcePosition: 13,
			},
			revoked("grt_2", "reader", holdings.ReasonLeaver, "employment", wednesday, 0),
		).
		When(holdings.ConfirmRemoved{GrantID: "grt_2"}).
		Then(removed("grt_2", "reader"), cleared(2, 13))
}
