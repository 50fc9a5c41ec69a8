package hrfeed_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/hrfeed"
)

var errWrong = fault.New(fault.Invalid, "WRONG", "Mend it.", "请更正。")

func taken(id string, sequence int64) *identityv1.HrEventTaken {
	return &identityv1.HrEventTaken{PersonId: "per_1", Source: "ps", EventId: id, Sequence: sequence, Verb: "moved", Subject: "E1", Data: "{}"}
}

func receive(id string, sequence int64) hrfeed.Receive {
	return hrfeed.Receive{Event: taken(id, sequence), Raw: "raw"}
}

func applied(id string, sequence int64) proto.Message {
	return &identityv1.HrEventApplied{Source: "ps", EventId: id, Sequence: sequence, Subject: "E1", Verb: "moved"}
}

func quarantined(id string, sequence int64, why *fault.Fault, raw string) proto.Message {
	return &identityv1.HrEventQuarantined{
		PersonId: "per_1", Source: "ps", EventId: id, Sequence: sequence, Subject: "E1", Verb: "moved", Refusal: why.Reason, Message: why.Message,
		MessageZh: why.MessageZH, Raw: raw,
	}
}

func repeated(id string, sequence int64) proto.Message {
	return &identityv1.HrEventRepeated{Source: "ps", EventId: id, Sequence: sequence, Subject: "E1"}
}

func gap(next, sequence int64, id string) proto.Message {
	return &identityv1.HrGapFound{Source: "ps", NextSequence: next, Sequence: sequence, EventId: id, Subject: "E1"}
}

func rule(t *testing.T, given ...proto.Message) *testkit.Scenario[hrfeed.State, hrfeed.Command] {
	t.Helper()
	return testkit.Rule(t, hrfeed.Decider).Given(given...)
}

// Covers: OPS-002
func TestEventsAreTakenInTheirTurnOnce(t *testing.T) {
	t.Parallel()
	rule(t).When(receive("a", 1)).Then(taken("a", 1)).
		When(receive("a", 1)).Then(repeated("a", 1)).
		When(receive("a", 9)).Then(repeated("a", 1)).
		When(receive("b", 2)).Then(taken("b", 2)).
		When(receive("c", 2)).Then(quarantined("c", 2, hrfeed.ErrSequenceReused, "raw")).
		When(receive("c", 3)).Then(taken("c", 3))
}

// Covers: OPS-002
func TestAGapIsToldOnceAndEachAnew(t *testing.T) {
	t.Parallel()
	rule(t, taken("a", 1)).When(receive("c", 3)).Then(gap(2, 3, "c")).
		When(receive("d", 4)).ThenNothing().
		When(hrfeed.Repeat{Event: taken("d", 4)}).Then(repeated("d", 4)).
		When(receive("b", 2)).Then(taken("b", 2)).
		When(receive("e", 5)).Then(gap(3, 5, "e"))
}

// Covers: OPS-002
func TestWhatCannotBeDoneIsQuarantinedAndCanBeRetried(t *testing.T) {
	t.Parallel()
	again := taken("a", 1)
	again.Retried = true
	rule(t, taken("a", 1)).
		When(hrfeed.Retry{Event: taken("a", 1)}).ThenRefused(hrfeed.ErrNotQuarantined).
		When(hrfeed.Quarantine{Event: taken("a", 1), Why: errWrong}).Then(quarantined("a", 1, errWrong, "")).
		When(hrfeed.Quarantine{Event: taken("a", 1), Why: errWrong}).ThenNothing().
		When(hrfeed.Apply{Event: taken("a", 1)}).ThenNothing().
		When(receive("b", 2)).Then(taken("b", 2)). // it has used up its number
		When(hrfeed.Retry{Event: taken("a", 1)}).Then(again).
		When(hrfeed.Retry{Event: taken("a", 1)}).ThenRefused(hrfeed.ErrNotQuarantined).
		When(hrfeed.Apply{Event: again}).Then(applied("a", 1)).
		When(hrfeed.Retry{Event: taken("a", 1)}).ThenRefused(hrfeed.ErrNotQuarantined).
		When(receive("a", 1)).Then(repeated("a", 1))
	rule(t).When(hrfeed.Reject{Owner: "hrs_ps", Source: "ps", Raw: "?", Why: errWrong}).Then(&identityv1.HrEventQuarantined{
		PersonId: "hrs_ps", Source: "ps", Refusal: "WRONG", Message: "Mend it.", MessageZh: "请更正。", Raw: "?",
	}).When(receive("a", 1)).Then(taken("a", 1)) // it had no number
}

// Whatever comes in whatever order, what is taken is every number once, in
// order, and an older state does not see what came after it.
//
// Covers: OPS-002
func TestWhateverComesNumbersAreTakenInOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20261125, 7))
	for range testkit.Count(2000) {
		var s hrfeed.State
		last := int64(0)
		for range 60 {
			n := last + int64(r.IntN(4)) - 1
			if n < 1 {
				n = 1
			}
			before := s
			events, err := hrfeed.Decide(s, receive(fmt.Sprintf("m%d-%d", n, r.IntN(2)), n))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e, ok := e.(*identityv1.HrEventTaken); ok {
					if e.GetSequence() != last+1 {
						t.Fatalf("after %d was taken %d", last, e.GetSequence())
					}
					last++
				}
				s = hrfeed.Evolve(s, e)
			}
			if s.Next() != last+1 || before.Next() > s.Next() {
				t.Fatalf("next is %d after %d", s.Next(), last)
			}
		}
	}
}
