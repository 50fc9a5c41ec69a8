package person_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

var sooner = time.Date(2026, 11, 25, 16, 0, 0, 0, time.UTC)

// notice is the notice of a transfer with the case that it would open.
func notice(clearance, position string, at time.Time) person.Move {
	c := move(position, at)
	c.Case = clearance
	return c
}

func noticed() proto.Message {
	return &identityv1.TransferNoticed{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Reason: "snapshot"}
}

func takenBack() proto.Message {
	return &identityv1.TransferWithdrawn{PersonId: "per_1", EmployeeNumber: "E1", CaseId: "cas_1", Reason: "snapshot"}
}

// transferred is the move that a case waits for.
func transferred(from, to string, at time.Time) proto.Message {
	e := changed(from, to, at)
	e.CaseId = "cas_1"
	return e
}

// Covers: IDN-025, IDN-026
func TestATransferIsNoticedAndHappensOnItsDay(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false)).
		When(notice("cas_1", "dev", later)).ThenNothing().
		When(notice("cas_1", "ops", later)).Then(noticed(), changePlanned("ops", later)).
		When(notice("cas_2", "ops", later)).ThenNothing().
		When(person.CarryOut{Now: later}).Then(transferred("dev", "ops", later)).
		When(person.CarryOut{Now: after}).ThenNothing()
}

func TestATransferOfTodayIsNoticedAndHappens(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false)).
		When(notice("cas_1", "ops", today)).Then(noticed(), transferred("dev", "ops", today)).
		When(notice("cas_2", "ops", today)).ThenNothing().
		When(move("lead", today)).Then(changed("ops", "lead", today))
}

func TestAMoveWithoutNoticeHasNoCase(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false)).
		When(move("ops", later)).Then(changePlanned("ops", later)).
		When(person.CarryOut{Now: later}).Then(changed("dev", "ops", later))
}

func TestAMoveThatIsPlannedAlreadyMayBeNoticed(t *testing.T) {
	t.Parallel()
	planned := []proto.Message{registered(), started("dev", today, false), changePlanned("ops", later)}
	rule(t).Given(planned...).
		When(notice("cas_1", "ops", later)).Then(noticed()).
		When(person.CarryOut{Now: later}).Then(transferred("dev", "ops", later))
	rule(t).Given(planned...).
		When(notice("cas_1", "ops", after)).Then(noticed(), changePlanned("ops", after)).
		When(person.CarryOut{Now: later}).ThenNothing()
	rule(t).Given(planned...).
		When(notice("cas_1", "dev", today)).ThenNothing().
		When(notice("cas_1", "lead", today)).Then(noticed(), transferred("dev", "lead", today)).
		When(person.CarryOut{Now: later}).Then(changed("lead", "ops", later))
}

// Whatever is said of a transfer before its day is about the same transfer.
func TestALaterNoticeCorrectsTheTransfer(t *testing.T) {
	t.Parallel()
	given := []proto.Message{registered(), started("dev", today, false), noticed(), changePlanned("ops", later)}
	t.Run("another post", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(notice("cas_2", "lead", later)).Then(changePlanned("lead", later)).
			When(person.CarryOut{Now: later}).Then(transferred("dev", "lead", later))
	})
	t.Run("a later day", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(notice("cas_2", "ops", after)).Then(changePlanned("ops", after)).
			When(person.CarryOut{Now: later}).ThenNothing().
			When(person.CarryOut{Now: after}).Then(transferred("dev", "ops", after))
	})
	t.Run("an earlier day", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(notice("cas_2", "ops", sooner)).Then(changePlanned("ops", sooner)).
			When(person.CarryOut{Now: sooner}).Then(transferred("dev", "ops", sooner))
	})
	t.Run("today", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(notice("cas_2", "lead", today)).
			Then(transferred("dev", "lead", today), changePlanned("lead", today)).
			When(person.CarryOut{Now: after}).ThenNothing()
	})
}

func TestATransferIsWithdrawn(t *testing.T) {
	t.Parallel()
	given := []proto.Message{registered(), started("dev", today, false), noticed(), changePlanned("ops", later)}
	for name, tc := range map[string]struct {
		when  person.Move
		plans proto.Message
		later proto.Message
	}{
		"by a notice that leads back":  {notice("cas_2", "dev", later), changePlanned("dev", later), nil},
		"by one for an earlier day":    {notice("cas_2", "dev", sooner), changePlanned("dev", sooner), nil},
		"by one for today":             {notice("cas_2", "dev", today), changePlanned("dev", today), nil},
		"by a plan that leads back":    {move("dev", later), changePlanned("dev", later), nil},
		"by a plan for an earlier day": {move("lead", sooner), changePlanned("lead", sooner), changed("dev", "lead", sooner)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := rule(t).Given(given...).When(tc.when).Then(tc.plans, takenBack()).When(person.CarryOut{Now: after})
			if tc.later == nil {
				s.ThenNothing()
				return
			}
			s.Then(tc.later)
		})
	}
}

func TestWhatElseMovesLeavesTheTransferAhead(t *testing.T) {
	t.Parallel()
	given := []proto.Message{registered(), started("dev", today, false), noticed(), changePlanned("ops", later)}
	t.Run("a move of today", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(move("lead", today)).Then(changed("dev", "lead", today)).
			When(person.CarryOut{Now: later}).Then(transferred("lead", "ops", later))
	})
	t.Run("a plan that builds on it", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(move("lead", after)).Then(changePlanned("lead", after)).
			When(person.CarryOut{Now: after}).Then(transferred("dev", "lead", after))
	})
	t.Run("a move of today to the very post is the transfer", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(move("ops", today)).Then(transferred("dev", "ops", today)).
			When(person.CarryOut{Now: after}).ThenNothing()
	})
}

func TestWhoLeavesTakesTheTransferAlong(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), started("dev", today, false), noticed(), changePlanned("ops", later)).
		When(leave(today)).Then(ended(today)).
		When(takeOn("dev", today)).Then(started("dev", today, true)).
		When(person.CarryOut{Now: after}).ThenNothing().
		When(move("ops", today)).Then(changed("dev", "ops", today))
}

func TestWhoHasNotStartedHasNothingToClear(t *testing.T) {
	t.Parallel()
	rule(t).Given(registered(), planned("dev", later)).
		When(notice("cas_1", "ops", later)).Then(planned("ops", later)).
		When(person.CarryOut{Now: later}).Then(started("ops", later, false))
}
