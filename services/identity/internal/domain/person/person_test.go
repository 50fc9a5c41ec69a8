package person_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

var (
	now   = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	today = time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)
	later = time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	after = time.Date(2027, 1, 31, 16, 0, 0, 0, time.UTC)
)

func details(name string) *identityv1.PersonDetails {
	return &identityv1.PersonDetails{PersonId: "per_1", Name: name, Kind: "employee"}
}

func post(position string) *identityv1.Post {
	return &identityv1.Post{Unit: []string{"总部", "研发部"}, Position: position, Supervisor: "E7"}
}

func ts(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

func registered() proto.Message {
	return &identityv1.PersonRegistered{PersonId: "per_1", EmployeeNumber: "E1", Source: "hr", Details: details("李雷")}
}

func started(position string, at time.Time, rehire bool) *identityv1.EmploymentStarted {
	return &identityv1.EmploymentStarted{
		PersonId: "per_1", EmployeeNumber: "E1", Kind: "employee", Post: post(position), EffectiveAt: ts(at), Reason: "snapshot", Rehire: rehire,
	}
}

func planned(position string, at time.Time) *identityv1.EmploymentPlanned {
	return &identityv1.EmploymentPlanned{PersonId: "per_1", EmployeeNumber: "E1", Kind: "employee", Post: post(position), StartsAt: ts(at), Reason: "snapshot"}
}

func changed(from, to string, at time.Time) *identityv1.PostChanged {
	return &identityv1.PostChanged{
		PersonId: "per_1", EmployeeNumber: "E1", Kind: "employee", Post: post(to), Previous: post(from), EffectiveAt: ts(at), Reason: "snapshot",
	}
}

func changePlanned(to string, at time.Time) *identityv1.PostChangePlanned {
	return &identityv1.PostChangePlanned{PersonId: "per_1", EmployeeNumber: "E1", Kind: "employee", Post: post(to), StartsAt: ts(at), Reason: "snapshot"}
}

func announced(at time.Time) *identityv1.DepartureAnnounced {
	return &identityv1.DepartureAnnounced{PersonId: "per_1", EmployeeNumber: "E1", LastDay: "2026-11-30", EndsAt: ts(at), Reason: "absent"}
}

func withdrawn() *identityv1.DepartureWithdrawn {
	return &identityv1.DepartureWithdrawn{PersonId: "per_1", EmployeeNumber: "E1", Reason: "snapshot"}
}

func ended(at time.Time) *identityv1.EmploymentEnded {
	return &identityv1.EmploymentEnded{PersonId: "per_1", EmployeeNumber: "E1", EffectiveAt: ts(at), Reason: "absent"}
}

func takeOn(position string, at time.Time) person.TakeOn {
	return person.TakeOn{PersonID: "per_1", Number: "E1", Source: "hr", Details: details("李雷"), Post: post(position), At: at, Reason: "snapshot", Now: now}
}

func move(position string, at time.Time) person.Move {
	return person.Move{Details: details("李雷"), Post: post(position), At: at, Reason: "snapshot", Now: now}
}

func leave(at time.Time) person.Leave {
	return person.Leave{At: at, LastDay: "2026-11-30", Reason: "absent", Now: now}
}

func rule(t *testing.T) *testkit.Scenario[person.State, person.Command] {
	t.Helper()
	return testkit.Rule(t, person.Decider)
}

// Covers: IDN-023
func TestAJoinerIsRegisteredAndStarts(t *testing.T) {
	t.Parallel()
	rule(t).When(takeOn("dev", today)).Then(registered(), started("dev", today, false)).
		When(takeOn("dev", today)).ThenNothing()
}

func TestAJoinerOfALaterDayIsExpectedAndStartsOnTheDay(t *testing.T) {
	t.Parallel()
	rule(t).When(takeOn("dev", later)).Then(registered(), planned("dev", later)).
		When(takeOn("dev", later)).ThenNothing().
		When(person.CarryOut{Now: later.Add(-time.Microsecond)}).ThenNothing().
		When(move("ops", today)).Then(planned("ops", later)).
		When(person.CarryOut{Now: later}).Then(started("ops", later, false)).
		When(person.CarryOut{Now: later}).ThenNothing()
}

func TestAnExpectedPersonMayStartEarlier(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), planned("dev", later)).
		When(takeOn("dev", today)).Then(started("dev", today, false)).
		When(person.CarryOut{Now: later}).ThenNothing()
}

func TestAnExpectedPersonWhoIsNoLongerListedNeverStarts(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), planned("dev", later)).
		When(leave(later)).Then(&identityv1.EmploymentPlanWithdrawn{PersonId: "per_1", EmployeeNumber: "E1", Reason: "absent"}).
		When(person.CarryOut{Now: after}).ThenNothing()
}

func TestAMoveHappensAtOnceOrOnItsDay(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false)).
		When(move("dev", today)).ThenNothing().
		When(move("ops", today)).Then(changed("dev", "ops", today)).
		When(move("lead", later)).Then(changePlanned("lead", later)).
		When(move("lead", later)).ThenNothing().
		When(person.CarryOut{Now: later}).Then(changed("ops", "lead", later)).
		When(person.CarryOut{Now: after}).ThenNothing()
}

// Covers: IDN-013
func TestCorrectedDetailsReplaceTheOldOnes(t *testing.T) {
	t.Parallel()
	m := move("dev", today)
	m.Details = details("李蕾")
	m.Details.PersonId = "" // HR does not know our id
	rule(t).Given(registered(), started("dev", today, false)).
		When(m).Then(&identityv1.PersonDetailsCorrected{PersonId: "per_1", EmployeeNumber: "E1", Details: details("李蕾")}).
		When(m).ThenNothing()
}

func TestAnotherKindOfPersonIsAnotherPost(t *testing.T) {
	t.Parallel()
	m := move("dev", today)
	m.Details.Kind = "intern"
	want := changed("dev", "dev", today)
	want.Kind = "intern"
	rule(t).Given(registered(), started("dev", today, false)).
		When(m).Then(&identityv1.PersonDetailsCorrected{PersonId: "per_1", EmployeeNumber: "E1", Details: m.Details}, want)
}

// Covers: IDN-027
func TestALeaverEndsAtOnceOrOnTheDay(t *testing.T) {
	t.Parallel()
	given := []proto.Message{registered(), started("dev", today, false)}
	rule(t).Given(given...).When(leave(today)).Then(ended(today)).When(leave(today)).ThenNothing()
	rule(t).Given(given...).
		When(leave(later)).Then(announced(later)).
		When(leave(later)).ThenNothing().
		When(person.CarryOut{Now: later.Add(-time.Microsecond)}).ThenNothing().
		When(person.CarryOut{Now: later}).Then(ended(later)).
		When(person.CarryOut{Now: later}).ThenNothing()
}

func TestAnAnnouncedDepartureMayComeEarlier(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false), announced(later)).
		When(leave(today)).Then(ended(today)).
		When(person.CarryOut{Now: later}).ThenNothing()
}

func TestWhoIsListedAgainOnTheDayOfDepartureStays(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false), announced(later)).
		When(takeOn("dev", later)).Then(withdrawn()).
		When(person.CarryOut{Now: later}).ThenNothing()
}

func TestAReturnMayBePlannedBeforeTheDeparture(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false), announced(later)).
		When(takeOn("ops", after)).Then(planned("ops", after)).
		When(person.CarryOut{Now: later}).Then(ended(later)).
		When(person.CarryOut{Now: after}).Then(started("ops", after, true))
}

func TestWhoComesBackStartsAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	c := takeOn("ops", today)
	c.PersonID = "per_other"
	rule(t).Given(registered(), started("dev", today, false), ended(today)).
		When(c).Then(started("ops", today, true))
}

func TestAPlannedReturnCanBeTakenBack(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false), ended(today)).
		When(takeOn("dev", later)).Then(planned("dev", later)).
		When(leave(today)).Then(&identityv1.EmploymentPlanWithdrawn{PersonId: "per_1", EmployeeNumber: "E1", Reason: "absent"})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	foreign := takeOn("dev", today)
	foreign.Source = "other"
	for name, tc := range map[string]struct {
		given []proto.Message
		when  person.Command
		want  error
	}{
		"another source takes on":       {[]proto.Message{registered(), started("dev", today, false)}, foreign, person.ErrForeign},
		"nobody moves":                  {nil, move("dev", today), person.ErrNotEmployed},
		"somebody who left moves":       {[]proto.Message{registered(), started("dev", today, false), ended(today)}, move("dev", today), person.ErrNotEmployed},
		"nobody leaves":                 {nil, leave(today), person.ErrNotEmployed},
		"an end beyond a planned start": {[]proto.Message{registered(), started("dev", today, false), announced(later), planned("dev", after)}, leave(after.AddDate(0, 1, 0)), person.ErrPlannedAhead},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule(t).Given(tc.given...).When(tc.when).ThenRefused(tc.want)
		})
	}
}

// The clock's ticker may be late: the machine was off, or a deadline waits for
// its next attempt. What a file says is about a person as they stand by then.
//
// Covers: IDN-023, IDN-025, IDN-027
func TestWhatIsOverdueComesBeforeWhatANewFileSays(t *testing.T) {
	t.Parallel()
	works := []proto.Message{registered(), started("dev", today, false)}
	onTheDay := func(c person.Move) person.Move { c.At, c.Now = after, after; return c }
	t.Run("who has left and is listed again starts again", func(t *testing.T) {
		t.Parallel()
		back := takeOn("ops", after)
		back.Now = after
		rule(t).Given(append(works, announced(later))...).
			When(back).Then(ended(later), started("ops", after, true)).
			When(person.CarryOut{Now: after}).ThenNothing()
	})
	t.Run("a return is not lost because the end comes late", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(append(works, announced(later), planned("ops", after))...).
			When(person.CarryOut{Now: after}).Then(ended(later), started("ops", after, true))
	})
	t.Run("a planned move does not override a newer file", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(append(works, changePlanned("ops", later))...).
			When(onTheDay(move("dev", after))).Then(changed("dev", "ops", later), changed("ops", "dev", after)).
			When(person.CarryOut{Now: after}).ThenNothing()
	})
	t.Run("a start that was due happened before the end", func(t *testing.T) {
		t.Parallel()
		gone := leave(after)
		gone.Now = after
		rule(t).Given(registered(), planned("dev", later)).When(gone).Then(started("dev", later, false), ended(after))
	})
	t.Run("a refusal leaves it to the ticker", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(append(works, announced(later))...).When(onTheDay(move("ops", after))).ThenRefused(person.ErrNotEmployed)
	})
}

// A kind of person that is planned for a day is not shown before it, and the
// same plan again says nothing.
func TestAPlannedKindChangesOnItsDay(t *testing.T) {
	t.Parallel()
	m := move("dev", later)
	m.Details.Kind = "intern"
	plan := changePlanned("dev", later)
	plan.Kind = "intern"
	carried := changed("dev", "dev", later)
	carried.Kind = "intern"
	rule(t).Given(registered(), started("dev", today, false)).
		When(m).Then(plan).
		When(m).ThenNothing().
		When(move("dev", today)).ThenNothing().
		When(person.CarryOut{Now: later}).Then(carried)
	var s person.State
	for _, e := range []proto.Message{registered(), started("dev", today, false), plan} {
		s = person.Evolve(s, e)
	}
	if now, then := s.Details.GetKind(), s.AsOf(later).Details.GetKind(); now == "intern" || then != "intern" {
		t.Errorf("now the kind is %q, on the day %q", now, then)
	}
}
