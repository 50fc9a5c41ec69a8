package authority_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
)

var noon = time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)

func day(n int) time.Time { return noon.AddDate(0, 0, n) }

func party(id string) *approvalv1.Party {
	return &approvalv1.Party{PersonId: id, EmployeeNumber: "E" + id}
}

func name(to string, from, until int, others ...authority.Delegation) authority.NameDeputy {
	return authority.NameDeputy{ID: "d1", Of: party("a"), Deputy: party(to), From: day(from), Until: day(until), Reason: "named", Now: noon, Others: others}
}

func named(id, to string, from, until int) *approvalv1.DeputyNamed {
	return &approvalv1.DeputyNamed{
		PersonId: "a", EmployeeNumber: "Ea", DelegationId: id, Deputy: party(to),
		From: timestamppb.New(day(from)), Until: timestamppb.New(day(until)), Reason: "named",
	}
}

func link(of, to string, from, until int) authority.Delegation {
	return authority.Delegation{Of: of, To: to, From: day(from), Until: day(until)}
}

func TestNameAndEndADeputy(t *testing.T) {
	t.Parallel()
	end := authority.EndDeputy{ID: "d1", Of: party("a"), Reason: "recalled"}
	testkit.Rule(t, authority.Decider).
		When(end).ThenRefused(authority.ErrUnknown).
		When(name("b", 0, 5)).Then(named("d1", "b", 0, 5)).
		When(name("b", 0, 5)).ThenNothing().
		When(end).Then(&approvalv1.DeputyEnded{PersonId: "a", EmployeeNumber: "Ea", DelegationId: "d1", Reason: "recalled"}).
		When(end).ThenRefused(authority.ErrUnknown)
	testkit.Rule(t, authority.Decider).Given(named("d0", "b", 0, 5)).
		When(name("b", 4, 9)).ThenRefused(authority.ErrNamedAlready).
		When(name("c", 4, 9)).Then(named("d1", "c", 4, 9))
	testkit.Rule(t, authority.Decider).Given(named("d0", "b", 0, 5)).When(name("b", 5, 9)).Then(named("d1", "b", 5, 9))
}

func TestADeputyIsRefused(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		when authority.NameDeputy
		want error
	}{
		"oneself":            {name("a", 0, 5), authority.ErrOwnDeputy},
		"for no time":        {name("b", 1, 1), authority.ErrTime},
		"backwards":          {name("b", 5, 1), authority.ErrTime},
		"in the past":        {name("b", -5, 0), authority.ErrTime},
		"for too long":       {name("b", 0, 367), authority.ErrTime},
		"in a circle":        {name("b", 0, 5, link("b", "a", 4, 9)), authority.ErrCircle},
		"in a longer circle": {name("b", 0, 5, link("b", "c", 1, 9), link("c", "a", 0, 2)), authority.ErrCircle},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, authority.Decider).When(c.when).ThenRefused(c.want)
		})
	}
	// Links that never hold at the same time close nothing.
	testkit.Rule(t, authority.Decider).
		When(name("b", 0, 5, link("b", "a", 5, 9), link("b", "c", 0, 2), link("c", "a", 2, 5), link("c", "b", 0, 5))).Then(named("d1", "b", 0, 5))
}

func ended(id, reason string, at *timestamppb.Timestamp) *approvalv1.DeputyEnded {
	return &approvalv1.DeputyEnded{PersonId: "a", EmployeeNumber: "Ea", DelegationId: id, Reason: reason, EffectiveAt: at}
}

// Covers: ACR-061
func TestADeputyEndsAtOnceOrOnALaterDay(t *testing.T) {
	t.Parallel()
	end := func(at int) authority.EndDeputy {
		return authority.EndDeputy{ID: "d1", Of: party("a"), Reason: authority.ReasonReturned, At: day(at), Now: noon}
	}
	rule := func() *testkit.Scenario[authority.State, authority.Command] {
		return testkit.Rule(t, authority.Decider).Given(named("d1", "b", 1, 9))
	}
	later := func(n int) *approvalv1.DeputyEnded { return ended("d1", "returned", timestamppb.New(day(n))) }
	rule().When(end(5)).Then(later(5)).When(end(5)).ThenNothing().When(end(7)).ThenNothing().When(end(3)).Then(later(3))
	rule().When(end(9)).ThenNothing() // by itself
	rule().When(end(1)).Then(ended("d1", "returned", nil)).When(end(1)).ThenNothing()
	// Whoever is back may have recalled the deputy in the same moment.
	recalled := end(1)
	recalled.Reason = authority.ReasonRecalled
	rule().When(recalled).Then(ended("d1", "recalled", nil)).When(end(5)).ThenNothing().When(recalled).ThenRefused(authority.ErrUnknown)
	rule().When(end(0)).Then(ended("d1", "returned", nil))
	// What ends on a later day gives room from then on.
	rule().Given(later(5)).When(authority.NameDeputy{ID: "d2", Of: party("a"), Deputy: party("b"), From: day(5), Until: day(8), Now: noon, Reason: "named"}).
		Then(named("d2", "b", 5, 8))
}

func cover(id, to string, from, until int, others ...authority.Delegation) authority.CoverAbsence {
	return authority.CoverAbsence{ID: id, Of: party("a"), Named: "E" + to, Deputy: party(to), From: day(from), Until: day(until), Now: noon, Others: others}
}

func covers(id, to string, from, until int) *approvalv1.DeputyNamed {
	e := named(id, to, from, until)
	e.Reason = "absence"
	return e
}

// Covers: ACR-061
func TestEachAbsenceHasItsOwnDeputy(t *testing.T) {
	t.Parallel()
	nobody := cover("1", "c", 2, 6)
	nobody.Named, nobody.Deputy = "", nil
	testkit.Rule(t, authority.Decider).
		When(nobody).ThenNothing().
		When(cover("1", "b", 1, 9)).Then(covers("1", "b", 1, 9)).
		When(cover("1", "b", 1, 9)).ThenNothing().
		When(cover("2", "c", 5, 15)).Then(covers("2", "c", 5, 15)).   // overlaps
		When(cover("3", "b", 3, 20)).Then(covers("3", "b", 3, 20)).   // the same deputy
		When(cover("4", "b", 20, 21)).Then(covers("4", "b", 20, 21)). // follows
		When(cover("1", "c", 2, 6)).Then(ended("1", "corrected", nil), covers("1", "c", 2, 6)).
		When(nobody).Then(ended("1", "corrected", nil)).
		When(cover("1", "b", -9, 0)).ThenNothing() // over
	// A deputy whom the person named meanwhile signs for both times.
	testkit.Rule(t, authority.Decider).Given(named("d0", "b", 0, 5)).When(cover("1", "b", 1, 9)).Then(covers("1", "b", 1, 9))
}

// While nobody knows until when somebody is away, the deputy signs for the
// longest time from now, or from the beginning of the absence; what is said again
// does not move that. When it is over, an event says so.
//
// Covers: ACR-061, APR-011
func TestTheDeputyOfAnAbsenceWithoutAnEnd(t *testing.T) {
	t.Parallel()
	const most = 366 // identity's LongestDeputy is the same
	if authority.Longest != most*24*time.Hour {
		t.Errorf("a delegation may hold for %v", authority.Longest)
	}
	open := func(from, now int) authority.CoverAbsence {
		c := cover("1", "b", from, 0)
		c.Until, c.Now = time.Time{}, day(now)
		return c
	}
	made := func(from int) *approvalv1.DeputyNamed {
		e := covers("1", "b", from, from+most)
		e.Reason = authority.ReasonOpenAbsence
		return e
	}
	corrected := ended("1", "corrected", nil)
	testkit.Rule(t, authority.Decider).When(open(1, 0)).Then(made(1)).
		When(open(1, 0)).ThenNothing().
		When(open(1, 9)).ThenNothing().
		When(open(0, 9)).ThenNothing().
		When(open(20, 9)).Then(corrected, made(20)).
		When(open(2, 9)).Then(corrected, made(9))
	testkit.Rule(t, authority.Decider).When(open(-most-5, 0)).Then(made(0)). // began long ago
											When(authority.Elapse{ID: "1", Now: day(most).Add(-time.Microsecond)}).ThenNothing().
											When(authority.Elapse{ID: "1", Now: day(most)}).Then(ended("1", "elapsed", nil)).
											When(authority.Elapse{ID: "1", Now: day(most)}).ThenNothing().
											When(open(-most-5, most+1)).Then(made(most + 1))
	testkit.Rule(t, authority.Decider).Given(covers("1", "b", 0, 5)).When(open(0, 2)).Then(corrected, made(2))
}

// Covers: ACR-061, APR-011
func TestADeputyWhomHRMayNotNameIsPassedOver(t *testing.T) {
	t.Parallel()
	unknown := cover("1", "b", 0, 5)
	unknown.Deputy = nil
	for what, c := range map[string]struct {
		when authority.CoverAbsence
		want *fault.Fault
	}{
		"nobody":       {unknown, authority.ErrNobody},
		"oneself":      {cover("1", "a", 0, 5), authority.ErrOwnDeputy},
		"backwards":    {cover("1", "b", 5, 1), authority.ErrTime},
		"for too long": {cover("1", "b", 0, 367), authority.ErrTime},
		"in a circle":  {cover("1", "b", 0, 5, link("b", "a", 4, 9)), authority.ErrCircle},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			passed := &approvalv1.DeputyPassedOver{
				PersonId: "a", EmployeeNumber: "Ea", DelegationId: "1", Deputy: c.when.Named, From: timestamppb.New(c.when.From), Until: timestamppb.New(c.when.Until),
				Refusal: c.want.Reason, Message: c.want.Message, MessageZh: c.want.MessageZH,
			}
			testkit.Rule(t, authority.Decider).When(c.when).Then(passed)
			testkit.Rule(t, authority.Decider).Given(covers("1", "c", 0, 3)).When(c.when).Then(ended("1", "corrected", nil), passed)
		})
	}
}

// Covers: APR-010
func TestWhoeverLeavesRepresentsNobodyAndIsRepresentedByNobody(t *testing.T) {
	t.Parallel()
	ended := func(id string) *approvalv1.DeputyEnded { return ended(id, authority.ReasonLeaver, nil) }
	testkit.Rule(t, authority.Decider).Given(named("d1", "b", 0, 5), named("d2", "c", 0, 5), named("d3", "b", 6, 9)).
		When(authority.Depart{Person: "c"}).Then(ended("d2")).
		When(authority.Depart{Person: "c"}).ThenNothing().
		When(authority.Depart{Person: "a"}).Then(ended("d1"), ended("d3"))
	testkit.Rule(t, authority.Decider).When(authority.Depart{Person: "a"}).ThenNothing()
}

// Covers: APR-010, APR-011
func TestActsFor(t *testing.T) {
	t.Parallel()
	chain := []authority.Delegation{
		link("g", "f", 0, 9), link("f", "e", 0, 9), link("e", "d", 0, 9), link("d", "c", 0, 9), link("c", "b", 0, 9), link("b", "a", 0, 9),
	}
	for what, c := range map[string]struct {
		at   int
		all  []authority.Delegation
		want []string
	}{
		"nobody through the barred": {1, []authority.Delegation{link("x", "barred", 0, 9), link("barred", "a", 0, 9), link("c", "a", 0, 9)}, []string{"c"}},
		"five links, not six":       {1, chain, []string{"b", "c", "d", "e", "f"}},
		"from the first moment":     {0, chain[5:], []string{"b"}},
		"not at the end":            {9, chain[5:], nil},
		"not before":                {-1, chain[5:], nil},
		"a circle is harmless":      {1, []authority.Delegation{link("b", "a", 0, 9), link("a", "b", 0, 9)}, []string{"b"}},
	} {
		if got := authority.ActsFor("a", day(c.at), c.all, func(p string) bool { return p == "barred" }); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", what, got)
		}
	}
}
