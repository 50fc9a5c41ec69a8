package testkit_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"
)

var (
	errFull  = errors.New("full")
	errOther = errors.New("other")
)

// counter adds commands up to ten; 0 is nothing to do.
var counter = eventstore.Decider[int64, int64]{
	Decide: func(s, c int64) ([]proto.Message, error) {
		switch {
		case s+c > 10:
			return nil, errFull
		case c == 0:
			return nil, nil
		}
		return []proto.Message{wrapperspb.Int64(c)}, nil
	},
	Evolve: func(s int64, e proto.Message) int64 { return s + e.(*wrapperspb.Int64Value).GetValue() },
}

func TestRuleTellsAStory(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, counter).
		Given(wrapperspb.Int64(4)).
		When(5).Then(wrapperspb.Int64(5)).
		When(0).ThenNothing().
		When(2).ThenRefused(errFull).
		When(1).Then(wrapperspb.Int64(1))
}

// witness notes what a scenario says instead of failing the test.
type witness struct {
	testing.TB
	failed bool
}

type stopped struct{}

func (w *witness) Helper()               {}
func (w *witness) Fatalf(string, ...any) { w.failed = true; panic(stopped{}) }
func (w *witness) Fatal(...any)          { w.failed = true; panic(stopped{}) }

func TestRuleFailsWhatIsWrong(t *testing.T) {
	t.Parallel()
	type scenario = testkit.Scenario[int64, int64]
	for name, story := range map[string]func(s *scenario){
		"other events":                func(s *scenario) { s.When(5).Then(wrapperspb.Int64(6)) },
		"too few events":              func(s *scenario) { s.When(5).Then() },
		"events instead of nothing":   func(s *scenario) { s.When(5).ThenNothing() },
		"refused instead of nothing":  func(s *scenario) { s.When(50).ThenNothing() },
		"refused instead of events":   func(s *scenario) { s.When(50).Then(wrapperspb.Int64(50)) },
		"events instead of a refusal": func(s *scenario) { s.When(5).ThenRefused(errFull) },
		"another refusal":             func(s *scenario) { s.When(50).ThenRefused(errOther) },
		"no command":                  func(s *scenario) { s.ThenNothing() },
	} {
		w := &witness{TB: t}
		func() {
			defer func() {
				if p := recover(); p != nil && fmt.Sprintf("%T", p) != fmt.Sprintf("%T", stopped{}) {
					panic(p)
				}
			}()
			story(testkit.Rule(w, counter))
		}()
		if !w.failed {
			t.Errorf("%s: the scenario passed", name)
		}
	}
}
