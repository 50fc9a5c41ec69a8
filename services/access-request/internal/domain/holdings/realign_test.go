package holdings_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// Covers: ACR-017, ACR-066
func TestANewPackGivesAndTakes(t *testing.T) {
	t.Parallel()
	given := []proto.Message{noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1)}
	t.Run("from the day on which it holds", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: []holdings.Birthright{right("writer", "grt_2")}}).
			Then(
				revoked("grt_1", "reader", holdings.ReasonMatrix, "matrix[1]", wednesday, 2),
				issued("grt_2", "writer", holdings.ReasonMatrix, wednesday, 2),
			)
	})
	t.Run("but nobody has a right of a post before having the post", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(noted(10, wednesday, "P1", true)).
			When(holdings.Realign{PostPosition: 10, Pack: packOne, Birthrights: []holdings.Birthright{right("reader", "grt_1")}}).
			Then(issued("grt_1", "reader", holdings.ReasonMatrix, wednesday, 1))
	})
	t.Run("and the same rights again change nothing", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: []holdings.Birthright{right("reader", "grt_2")}}).
			ThenNothing()
	})
}

func TestAnAlignmentThatIsOutOfDateDoesNothing(t *testing.T) {
	t.Parallel()
	due := []holdings.Birthright{right("writer", "grt_2")}
	for name, tc := range map[string]struct {
		given []proto.Message
		when  holdings.Realign
	}{
		"nobody is known": {nil, holdings.Realign{Pack: packOne, Birthrights: due}},
		"the person has left": {
			[]proto.Message{noted(10, monday, "P1", true), noted(11, tuesday, "P1", false)},
			holdings.Realign{PostPosition: 11, Pack: packTwo, Birthrights: due},
		},
		"another post was noted": {
			[]proto.Message{noted(10, monday, "P1", true), noted(11, tuesday, "P2", true)},
			holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: due},
		},
		"a later pack has decided": {
			[]proto.Message{noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonMatrix, wednesday, 2)},
			holdings.Realign{PostPosition: 10, Pack: packOne, Birthrights: due},
		},
		"a later pack has taken": {
			[]proto.Message{
				noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1),
				revoked("grt_1", "reader", holdings.ReasonMatrix, "matrix[1]", wednesday, 2),
			},
			holdings.Realign{PostPosition: 10, Pack: packOne, Birthrights: due},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(tc.given...).When(tc.when).ThenNothing()
		})
	}
}
