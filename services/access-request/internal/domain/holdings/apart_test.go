package holdings_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// separated says that nobody both reads and writes.
var separated = []holdings.DutyRule{{ID: "read-write", Apart: []string{"orders/writer", "orders/reader"}}}

func kept(role, held, reason string, pack holdings.Pack) *accessv1.BirthrightWithheld {
	return &accessv1.BirthrightWithheld{
		PersonId: "per_1", EmployeeNumber: "E1", Application: "orders", Role: role, Rule: "read-write", MatrixLine: "matrix[1]",
		Held: held, Reason: reason, EffectiveAt: timestamppb.New(tuesday), PackVersion: pack.Version,
	}
}

// until is kept back only until the other role is gone.
func until(e *accessv1.BirthrightWithheld) *accessv1.BirthrightWithheld {
	e.Removing = true
	return e
}

func apart(c holdings.NotePost) holdings.NotePost {
	c.Duties = separated
	return c
}

// Covers: ACR-030
func TestAPostThatGivesWhatADutyRuleKeepsApartGivesTheFirst(t *testing.T) {
	t.Parallel()
	t.Run("to a joiner", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			When(apart(engineer(10, tuesday, "P1", packOne, right("reader", "grt_1"), right("writer", "grt_2"), right("auditor", "grt_3")))).
			Then(
				noted(10, tuesday, "P1", true),
				issued("grt_1", "reader", holdings.ReasonEmployment, tuesday, 1),
				issued("grt_3", "auditor", holdings.ReasonEmployment, tuesday, 1),
				kept("writer", "orders/reader", holdings.ReasonEmployment, packOne),
			)
	})
	t.Run("to a mover, who loses what the old post gave", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			Given(noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1), activated("grt_1", "reader")).
			When(apart(engineer(11, tuesday, "P2", packOne, right("writer", "grt_2"), right("reader", "grt_3")))).
			Then(
				noted(11, tuesday, "P2", true),
				revoked("grt_1", "reader", holdings.ReasonAttribute, "matrix[1]", tuesday, 1),
				kept("reader", "orders/writer", holdings.ReasonAttribute, packOne),
				until(kept("writer", "orders/reader", holdings.ReasonAttribute, packOne)),
			)
	})
	t.Run("and a mover keeps what stands first", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			Given(noted(10, monday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1)).
			When(apart(engineer(11, tuesday, "P2", packOne, right("reader", "grt_2"), right("writer", "grt_3")))).
			Then(noted(11, tuesday, "P2", true), kept("writer", "orders/reader", holdings.ReasonAttribute, packOne))
	})
}

// Covers: ACR-030
func TestWhatWasAskedForAndApprovedComesBeforeTheMatrix(t *testing.T) {
	t.Parallel()
	asked := issued("grt_9", "writer", "asked", monday, 1)
	asked.Kind = "standard"
	testkit.Rule(t, decider).Given(noted(10, monday, "P1", true), asked).
		When(apart(engineer(11, tuesday, "P2", packOne, right("reader", "grt_1"), right("writer", "grt_2")))).
		Then(noted(11, tuesday, "P2", true), kept("reader", "orders/writer", holdings.ReasonAttribute, packOne))
}

func TestWithheldIsRecordedOnceForAPostAndAPack(t *testing.T) {
	t.Parallel()
	given := []proto.Message{
		noted(10, tuesday, "P1", true), issued("grt_1", "reader", holdings.ReasonEmployment, tuesday, 1),
		kept("writer", "orders/reader", holdings.ReasonEmployment, packOne),
	}
	due := []holdings.Birthright{right("reader", "grt_2"), right("writer", "grt_3")}
	t.Run("the same pack again", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(holdings.Realign{PostPosition: 10, Pack: packOne, Birthrights: due, Duties: separated}).ThenNothing()
	})
	t.Run("a pack without the rule gives it", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: due}).
			Then(issued("grt_3", "writer", holdings.ReasonMatrix, wednesday, 2))
	})
	t.Run("a pack that does not give it lets it lapse", func(t *testing.T) {
		t.Parallel()
		lapsed := &accessv1.WithheldBirthrightLapsed{
			PersonId: "per_1", EmployeeNumber: "E1", Application: "orders", Role: "writer", Rule: "read-write",
			EffectiveAt: timestamppb.New(wednesday), PackVersion: packTwo.Version,
		}
		testkit.Rule(t, decider).Given(given...).
			When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: due[:1], Duties: separated}).
			Then(lapsed)
		testkit.Rule(t, decider).Given(append(given, lapsed)...).
			When(holdings.Realign{PostPosition: 10, Pack: packTwo, Birthrights: due[:1], Duties: separated}).ThenNothing()
	})
	t.Run("what was given since does not lapse", func(t *testing.T) {
		t.Parallel()
		three := holdings.Pack{Version: 3, EffectiveAt: wednesday}
		testkit.Rule(t, decider).Given(append(given, issued("grt_3", "writer", holdings.ReasonMatrix, wednesday, 2))...).
			When(holdings.Realign{PostPosition: 10, Pack: three, Birthrights: due[:1]}).
			Then(revoked("grt_3", "writer", holdings.ReasonMatrix, "matrix[1]", wednesday, 3))
	})
	t.Run("another post says so again", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(given...).
			When(apart(engineer(11, tuesday, "P2", packOne, due...))).
			Then(noted(11, tuesday, "P2", true), kept("writer", "orders/reader", holdings.ReasonAttribute, packOne))
	})
	t.Run("an older pack decides nothing", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			Given(noted(10, tuesday, "P1", true), kept("writer", "orders/reader", holdings.ReasonMatrix, packTwo)).
			When(holdings.Realign{PostPosition: 10, Pack: packOne, Birthrights: due}).ThenNothing()
	})
}

// Whatever the matrix, the rules and the way that led here: at no instant may two
// roles be there that a rule keeps apart, and once everything is confirmed the last
// post and pack alone decide which one is.
//
// Covers: ACR-030
func TestNobodyHoldsWhatIsKeptApart(t *testing.T) {
	t.Parallel()
	for seed := range testkit.Count(2000) {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		var duties []holdings.DutyRule
		for n := range r.IntN(4) {
			d := holdings.DutyRule{ID: fmt.Sprintf("rule%d", n)}
			for _, role := range r.Perm(6)[:2+r.IntN(2)] {
				d.Apart = append(d.Apart, fmt.Sprintf("orders/role%d", role))
			}
			duties = append(duties, d)
		}
		var way, direct holdings.State
		var last holdings.NotePost
		for step := range 4 {
			var due []holdings.Birthright
			for _, role := range r.Perm(6)[:r.IntN(7)] {
				due = append(due, right(fmt.Sprintf("role%d", role), fmt.Sprintf("grt_%d_%d", step, role)))
			}
			last = engineer(int64(step+1), monday, fmt.Sprintf("P%d", step), packOne, due...)
			last.Duties = duties
			way = decided(t, way, last)
			together(t, way, duties)
			if r.IntN(2) == 0 {
				way = settled(t, way, last)
			}
		}
		way, direct = settled(t, way, last), decided(t, direct, last)
		if got, want := roles(way), roles(direct); !slices.Equal(got, want) {
			t.Fatalf("seed %d: by this way somebody holds %v, directly %v", seed, got, want)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// settled confirms removals until none is left, and aligns after each as the
// service does.
func settled(t *testing.T, s holdings.State, post holdings.NotePost) holdings.State {
	t.Helper()
	for round := 0; ; round++ {
		id, ok := removing(s)
		if !ok {
			return s
		}
		if round == 20 {
			t.Fatal("removals follow from removals without end")
		}
		s = decided(t, s, holdings.ConfirmRemoved{GrantID: id, Turn: s.Grants[id].Turn})
		if s.Freed(id).Birthrights {
			c := holdings.Realign{PostPosition: post.SourcePosition, Pack: post.Pack, Duties: post.Duties, Freed: tuesday}
			for _, b := range post.Birthrights {
				b.GrantID += fmt.Sprintf("_%d", round)
				c.Birthrights = append(c.Birthrights, b)
			}
			s = decided(t, s, c)
		}
		together(t, s, post.Duties)
	}
}

// removing is a grant that is being taken away; ok is false if none is.
func removing(s holdings.State) (id string, ok bool) {
	for _, id := range slices.Sorted(maps.Keys(s.Grants)) {
		if s.Grants[id].Status == holdings.Revoking {
			return id, true
		}
	}
	return "", false
}

// together expects that no target can show what a rule keeps apart: everything
// counts whose removal is not confirmed.
func together(t *testing.T, s holdings.State, duties []holdings.DutyRule) {
	t.Helper()
	there := map[string]bool{}
	for _, g := range s.Grants {
		if g.Status != holdings.Removed {
			there[g.Issued.GetApplication()+"/"+g.Issued.GetRole()] = true
		}
	}
	for _, d := range duties {
		if both := slices.DeleteFunc(slices.Clone(d.Apart), func(role string) bool { return !there[role] }); len(both) > 1 {
			t.Errorf("%v are there together, and %s keeps them apart", both, d.ID)
		}
	}
}

func decided(t *testing.T, s holdings.State, c holdings.Command) holdings.State {
	t.Helper()
	events, err := holdings.Decide(s, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		s = holdings.Evolve(s, e)
	}
	return s
}

func roles(s holdings.State) []string {
	var held []string
	for _, g := range s.Grants {
		if g.Live() {
			held = append(held, g.Issued.GetApplication()+"/"+g.Issued.GetRole())
		}
	}
	slices.Sort(held)
	return held
}
