package person_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

func away(id string, from, until time.Time, deputy string) proto.Message {
	e := &identityv1.AbsenceRecorded{PersonId: "per_1", EmployeeNumber: "E1", AbsenceId: id, From: ts(from), Deputy: deputy}
	if !until.IsZero() {
		e.Until = ts(until)
	}
	return e
}

func back(id string, at time.Time) proto.Message {
	return &identityv1.AbsenceEnded{PersonId: "per_1", EmployeeNumber: "E1", AbsenceId: id, EffectiveAt: ts(at)}
}

func works(t *testing.T) *testkit.Scenario[person.State, person.Command] {
	t.Helper()
	return testkit.Rule(t, person.Decider).Given(registered(), started("dev", today, false))
}

// Covers: ACR-061
func TestAPersonIsAwayForSomeDays(t *testing.T) {
	t.Parallel()
	works(t).When(person.GoAbsent{ID: "a", From: today, Until: later, Deputy: "E7", Now: now}).Then(away("a", today, later, "E7")).
		When(person.GoAbsent{ID: "a", From: today, Until: later, Deputy: "E7", Now: now}).ThenNothing().
		When(person.GoAbsent{ID: "a", From: today, Until: after, Deputy: "E7", Now: now}).Then(away("a", today, after, "E7")).
		When(person.Return{At: now, Now: now}).Then(back("a", now)).
		When(person.Return{At: now, Now: now}).ThenNothing()
	works(t).When(person.GoAbsent{ID: "a", From: today, Now: now}).Then(away("a", today, time.Time{}, "")).
		When(person.Return{At: now, Now: now}).Then(back("a", now))
	works(t).Given(away("a", today, later, "")).When(person.Return{At: later, Now: now}).ThenNothing() // back by itself
	works(t).When(person.GoAbsent{From: later, Until: today, Now: now}).ThenRefused(person.ErrAbsence).
		When(person.GoAbsent{From: today, Until: today, Now: now}).ThenRefused(person.ErrAbsence).
		When(person.GoAbsent{From: today, Until: later, Deputy: "E1", Now: now}).ThenRefused(person.ErrOwnDeputy)
	nobody := testkit.Rule(t, person.Decider)
	nobody.When(person.GoAbsent{From: today, Now: now}).ThenRefused(person.ErrNotEmployed).
		When(person.Return{At: now, Now: now}).ThenRefused(person.ErrNotEmployed)
	gone := &identityv1.EmploymentEnded{PersonId: "per_1", EmployeeNumber: "E1", EffectiveAt: ts(now)}
	works(t).Given(away("a", today, later, ""), gone).When(person.GoAbsent{From: today, Now: now}).ThenRefused(person.ErrNotEmployed).
		When(person.Return{At: now, Now: now}).ThenNothing() // the absence ended with the employment
}

// Whoever says on Monday that somebody is back on Friday may say on Tuesday that
// it is Thursday. Each absence ends by itself.
//
// Covers: ACR-061
func TestOneReturnsFromTheAbsencesOfThatDay(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return today.AddDate(0, 0, n) }
	two := []proto.Message{away("a", day(1), day(10), "E7"), away("b", day(5), day(15), "E8")}
	works(t).Given(two...).When(person.Return{At: day(7), Now: now}).Then(back("a", day(7)), back("b", day(7))).
		When(person.Return{At: day(6), Now: now}).Then(back("a", day(6)), back("b", day(6))).
		When(person.Return{At: day(6), Now: now}).ThenNothing()
	// A correction may make it earlier; what has been cut off is not brought back.
	works(t).Given(append(two, back("a", day(7)), back("b", day(7)))...).
		When(person.Return{At: day(8), Correction: true, Now: now}).ThenRefused(person.ErrReturnedBefore).
		When(person.Return{At: day(8), Now: now}).ThenNothing().
		When(person.Return{At: day(6), Correction: true, Now: now}).Then(back("a", day(6)), back("b", day(6)))
	// One that does not move the day changes nothing, whatever has come since.
	again := []proto.Message{back("a", day(5)), back("b", day(5)), away("c", day(5), day(9), "E7")}
	works(t).Given(append(two, again...)...).
		When(person.Return{Correction: true, Now: now}).ThenNothing().
		When(person.Return{At: day(5), Correction: true, Now: now}).ThenNothing()
	works(t).Given(append(two, back("a", day(7)), back("a", day(6)))...).
		When(person.Return{At: day(6), Correction: true, Now: now}).ThenNothing()
	works(t).Given(two[0], back("a", day(7)), back("a", day(6))).
		When(person.Return{At: day(7), Correction: true, Now: now}).ThenRefused(person.ErrReturnedBefore)
	works(t).Given(two[0], back("a", day(7)), away("a", day(1), day(10), "E7")). // the absence was corrected
											When(person.Return{At: day(7), Correction: true, Now: now}).Then(back("a", day(7)))
	works(t).Given(two[0], back("a", day(7)), away("a", day(1), day(7), "E8")). // only its deputy was
											When(person.Return{At: day(7), Correction: true, Now: now}).ThenNothing()
	works(t).Given(two...).When(person.Return{At: day(3), Now: now}).Then(back("a", day(3))) // the other one is ahead
	works(t).Given(two...).When(person.Return{At: day(12), Now: now}).Then(back("b", day(12)))
	works(t).Given(two...).When(person.Return{At: day(0), Now: now}).ThenNothing()
	works(t).Given(two...).When(person.Return{At: day(1), Now: now}).Then(back("a", day(1))). // never begins
													When(person.Return{At: day(5), Now: now}).Then(back("b", day(5)))
	// What is recorded anew takes its own place, whatever lies around it.
	works(t).Given(two...).When(person.GoAbsent{ID: "a", From: day(1), Until: day(3), Deputy: "E7", Now: now}).Then(away("a", day(1), day(3), "E7")).
		When(person.Return{At: day(4), Now: now}).ThenNothing().
		When(person.Return{At: day(6), Now: now}).Then(back("b", day(6)))
}

// A correction changes what it names of the absence as it stands: what was
// corrected before stays, and nobody is away again who is back.
//
// Covers: ACR-061
func TestACorrectionIsOfTheAbsenceAsItStands(t *testing.T) {
	t.Parallel()
	day := func(n int) *time.Time { d := today.AddDate(0, 0, n); return &d }
	text := func(s string) *string { return &s }
	first := away("a", *day(1), *day(10), "E7")
	reason := func(m proto.Message, r string) proto.Message { m.(*identityv1.AbsenceRecorded).Reason = r; return m }
	works(t).Given(first).
		When(person.CorrectAbsence{ID: "a", Deputy: text("E3"), Now: now}).Then(away("a", *day(1), *day(10), "E3")).
		When(person.CorrectAbsence{ID: "a", Until: day(12), Now: now}).Then(away("a", *day(1), *day(12), "E3")).
		When(person.CorrectAbsence{ID: "a", From: day(2), Now: now}).Then(away("a", *day(2), *day(12), "E3")).
		When(person.CorrectAbsence{ID: "a", Reason: text("illness"), Now: now}).Then(reason(away("a", *day(2), *day(12), "E3"), "illness")).
		When(person.CorrectAbsence{ID: "a", Now: now}).ThenNothing().
		When(person.CorrectAbsence{ID: "a", Until: &time.Time{}, Deputy: text(""), Now: now}).Then(reason(away("a", *day(2), time.Time{}, ""), "illness"))
	works(t).Given(first, back("a", *day(5))).
		When(person.CorrectAbsence{ID: "a", Reason: text("illness"), Now: now}).Then(reason(away("a", *day(1), *day(5), "E7"), "illness")).
		When(person.CorrectAbsence{ID: "a", From: day(5), Now: now}).ThenRefused(person.ErrAbsence).
		When(person.CorrectAbsence{ID: "a", Deputy: text("E1"), Now: now}).ThenRefused(person.ErrOwnDeputy).
		When(person.CorrectAbsence{ID: "a", Until: day(400), Now: now}).ThenRefused(person.ErrDeputyTooLong).
		When(person.CorrectAbsence{ID: "a", Until: day(7), Now: now}).Then(reason(away("a", *day(1), *day(7), "E7"), "illness"))
	works(t).Given(first, back("a", *day(1))).When(person.CorrectAbsence{ID: "a", Deputy: text("E3"), Now: now}).ThenRefused(person.ErrAbsenceGone)
	testkit.Rule(t, person.Decider).When(person.CorrectAbsence{ID: "a", Now: now}).ThenRefused(person.ErrNotEmployed)
}

// Absences that were recorded before they had names took each other's place.
func TestAbsencesWithoutANameReplaceEachOther(t *testing.T) {
	t.Parallel()
	works(t).Given(away("", today, later, "E7"), away("", today, after, "E8")).
		When(person.Return{At: now, Now: now}).Then(back("", now)).When(person.Return{At: now, Now: now}).ThenNothing()
}

// Covers: APR-011
func TestADeputyForMoreThanAYearIsRefused(t *testing.T) {
	t.Parallel()
	most := today.Add(366 * 24 * time.Hour) // as authority.Longest of approval
	works(t).When(person.GoAbsent{ID: "a", From: today, Until: most.AddDate(0, 0, 1), Deputy: "E7", Now: now}).ThenRefused(person.ErrDeputyTooLong).
		When(person.GoAbsent{ID: "a", From: today, Until: most, Deputy: "E7", Now: now}).Then(away("a", today, most, "E7"))
	works(t).When(person.GoAbsent{ID: "a", From: today, Until: most.AddDate(9, 0, 0), Now: now}).Then(away("a", today, most.AddDate(9, 0, 0), ""))
}

// Covers: IDN-030
func TestTheLastEntryBeforeTheGateIsKeptAsSuch(t *testing.T) {
	t.Parallel()
	closed := func(before bool) proto.Message {
		return &identityv1.PersonnelFileClosed{PersonId: "per_1", EmployeeNumber: "E1", BeforeGate: before}
	}
	testkit.Rule(t, person.Decider).When(person.CloseFile{Now: now}).ThenRefused(person.ErrNotEmployed)
	testkit.Rule(t, person.Decider).Given(registered(), started("dev", today, false)).
		When(person.CloseFile{Now: now}).Then(closed(true)).
		When(person.CloseFile{GateOpen: true, Now: now}).Then(closed(false))
}
