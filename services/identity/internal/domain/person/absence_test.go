package person_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

func away(from, until time.Time, deputy string) proto.Message {
	e := &identityv1.AbsenceRecorded{PersonId: "per_1", EmployeeNumber: "E1", From: ts(from), Deputy: deputy}
	if !until.IsZero() {
		e.Until = ts(until)
	}
	return e
}

// Covers: ACR-061
func TestAPersonIsAwayForSomeDays(t *testing.T) {
	t.Parallel()
	back := &identityv1.AbsenceEnded{PersonId: "per_1", EmployeeNumber: "E1", EffectiveAt: ts(now)}
	works := func() *testkit.Scenario[person.State, person.Command] {
		return testkit.Rule(t, person.Decider).Given(registered(), started("dev", today, false))
	}
	works().When(person.GoAbsent{From: today, Until: later, Deputy: "E7", Now: now}).Then(away(today, later, "E7")).
		When(person.GoAbsent{From: today, Until: later, Deputy: "E7", Now: now}).ThenNothing().
		When(person.GoAbsent{From: today, Until: after, Deputy: "E7", Now: now}).Then(away(today, after, "E7")).
		When(person.Return{At: now, Now: now}).Then(back).
		When(person.Return{At: now, Now: now}).ThenNothing()
	works().When(person.GoAbsent{From: today, Now: now}).Then(away(today, time.Time{}, "")).
		When(person.Return{At: now, Now: now}).Then(back)
	works().Given(away(today, later, "")).When(person.Return{At: later, Now: now}).ThenNothing() // back by itself
	works().When(person.GoAbsent{From: later, Until: today, Now: now}).ThenRefused(person.ErrAbsence).
		When(person.GoAbsent{From: today, Until: today, Now: now}).ThenRefused(person.ErrAbsence).
		When(person.GoAbsent{From: today, Until: later, Deputy: "E1", Now: now}).ThenRefused(person.ErrOwnDeputy)
	nobody := testkit.Rule(t, person.Decider)
	nobody.When(person.GoAbsent{From: today, Now: now}).ThenRefused(person.ErrNotEmployed).
		When(person.Return{At: now, Now: now}).ThenRefused(person.ErrNotEmployed)
	gone := &identityv1.EmploymentEnded{PersonId: "per_1", EmployeeNumber: "E1", EffectiveAt: ts(now)}
	works().Given(away(today, later, ""), gone).When(person.GoAbsent{From: today, Now: now}).ThenRefused(person.ErrNotEmployed).
		When(person.Return{At: now, Now: now}).ThenNothing() // the absence ended with the employment
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
