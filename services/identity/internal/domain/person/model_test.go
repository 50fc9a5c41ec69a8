package person_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

// Whatever HR says in whatever order, employment starts and ends in turn, the
// person keeps one id, and after every plan is carried out the person stands
// as AsOf had foretold.
func TestRandomHistoriesKeepTheInvariants(t *testing.T) {
	t.Parallel()
	for seed := range uint64(testkit.Count(4000)) {
		r := rand.New(rand.NewPCG(seed, 1))
		s, at, employed := person.State{}, now, false
		for step := range 40 {
			c := randomCommand(r, at)
			foretold := s.AsOf(at)
			events, err := person.Decide(s, c)
			if err != nil && len(events) > 0 {
				t.Fatalf("seed %d step %d: a refusal with events", seed, step)
			}
			for _, e := range events {
				employed = check(t, fmt.Sprintf("seed %d step %d %T", seed, step, c), e, employed)
				s = person.Evolve(s, e)
			}
			if s.Transfer != "" && s.Change == nil {
				t.Fatalf("seed %d step %d %T: the transfer %s is ahead without a plan", seed, step, c, s.Transfer)
			}
			if stands := s.Status == person.Active || s.Status == person.Leaving; stands != employed {
				t.Fatalf("seed %d step %d: status %d, employed %v", seed, step, s.Status, employed)
			}
			if _, ok := c.(person.CarryOut); ok && len(events) > 0 && employed != foretold.Employed {
				// One plan was carried out; others of the same instant follow.
				s, employed = settle(t, s, at, employed)
				if employed != foretold.Employed {
					t.Fatalf("seed %d step %d: AsOf foretold employed=%v, it is %v", seed, step, foretold.Employed, employed)
				}
			}
			if r.IntN(3) == 0 {
				at = at.AddDate(0, 0, r.IntN(20))
				s, employed = settle(t, s, at, employed)
			}
		}
	}
}

// settle carries out everything that is due, as the ticker does.
func settle(t *testing.T, s person.State, at time.Time, employed bool) (person.State, bool) {
	t.Helper()
	for range 3 {
		for _, what := range []string{person.DueEnd, person.DueStart, person.DueMove} {
			events, err := person.Decide(s, person.CarryOut{Now: at})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				employed = check(t, what, e, employed)
				s = person.Evolve(s, e)
			}
		}
	}
	return s, employed
}

func check(t *testing.T, what string, e proto.Message, employed bool) bool {
	t.Helper()
	switch e := e.(type) {
	case *identityv1.EmploymentStarted:
		if employed || e.GetPersonId() != "per_1" {
			t.Fatalf("%s: started while employed=%v as %s", what, employed, e.GetPersonId())
		}
		return true
	case *identityv1.EmploymentEnded:
		if !employed {
			t.Fatalf("%s: ended without employment", what)
		}
		return false
	case *identityv1.PostChanged:
		if !employed || proto.Equal(e.GetPost(), e.GetPrevious()) {
			t.Fatalf("%s: moved while employed=%v from %v to %v", what, employed, e.GetPrevious(), e.GetPost())
		}
	}
	return employed
}

func randomCommand(r *rand.Rand, at time.Time) person.Command {
	day := at.AddDate(0, 0, r.IntN(40)-10)
	p := post([]string{"dev", "ops", "lead"}[r.IntN(3)])
	switch r.IntN(4) {
	case 0:
		return person.TakeOn{PersonID: "per_1", Number: "E1", Source: "hr", Details: details("李雷"), Post: p, At: day, Reason: "snapshot", Now: at}
	case 1:
		c := person.Move{Details: details("李雷"), Post: p, At: day, Reason: "snapshot", Now: at}
		if r.IntN(2) == 0 {
			c.Case = fmt.Sprintf("cas_%d", r.IntN(1_000_000))
		}
		return c
	case 2:
		return person.Leave{At: day, Reason: "absent", Now: at}
	default:
		return person.CarryOut{Now: at}
	}
}

// However late and in whatever order the deadlines come, in the end everything
// is as if each had come in time.
func TestLateDeadlinesChangeNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(testkit.Count(4000)) {
		r := rand.New(rand.NewPCG(seed, 2))
		var timely, late person.State
		at := now
		for range 40 {
			if r.IntN(3) == 0 {
				at = at.AddDate(0, 0, r.IntN(20))
			}
			timely = decide(timely, person.CarryOut{Now: at})
			c := randomCommand(r, at)
			if _, tick := c.(person.CarryOut); !tick {
				timely, late = decide(timely, c), decide(late, c)
			}
		}
		timely, late = decide(timely, person.CarryOut{Now: at}), decide(late, person.CarryOut{Now: at})
		if diff := cmp.Diff(timely, late, protocmp.Transform()); diff != "" {
			t.Fatalf("seed %d: (-in time +late):\n%s", seed, diff)
		}
	}
}

func decide(s person.State, c person.Command) person.State {
	events, _ := person.Decide(s, c) // a refusal changes nothing
	for _, e := range events {
		s = person.Evolve(s, e)
	}
	return s
}
