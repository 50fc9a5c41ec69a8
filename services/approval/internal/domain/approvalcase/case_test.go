package approvalcase_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
)

// Covers: APR-001, APR-002, APR-013
func TestStepsFollowOneAnotherAndTheLastGrants(t *testing.T) {
	t.Parallel()
	supervisor, owner := seat("supervisor", "E7"), seat("role_owner", "E31")
	next := plan(1, owner)
	one, two := signature("E7", "supervisor", ""), signature("E31", "role_owner", "")
	rule(t).When(start(2, plan(1, supervisor))).Then(opened(2), assigned(1, 1, supervisor)).
		When(start(2, plan(1, supervisor))).ThenNothing().
		When(approvalcase.Approve{Signing: by("E7"), Next: next}).Then(approved(1, 0, one), assigned(2, 1, owner)).
		When(approvalcase.Approve{Signing: by("E7")}).ThenRefused(approvalcase.ErrNotSigner).
		When(approvalcase.Approve{Signing: by("E31")}).Then(approved(2, 0, two), granted(false, one, two)).
		When(approvalcase.Approve{Signing: by("E31")}).ThenRefused(approvalcase.ErrClosed)
}

// Covers: APR-030
func TestAStepIsDoneWhenItsQuorumIsThere(t *testing.T) {
	t.Parallel()
	seats := []*approvalv1.Seat{seat("role_owner", "E31"), seat("function:security", "E32", "E33"), seat("employee:E34", "E34")}
	owner, security := signature("E31", "role_owner", ""), signature("E33", "function:security", "")
	t.Run("two of three", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(opened(1), assigned(1, 2, seats...)).
			When(approvalcase.Approve{Signing: by("E33")}).Then(approved(1, 1, security)).
			When(approvalcase.Approve{Signing: by("E32")}).ThenRefused(approvalcase.ErrNotSigner). // the seat is filled
			When(approvalcase.Approve{Signing: by("E31")}).Then(approved(1, 0, owner), granted(false, security, owner))
	})
	t.Run("any", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(opened(1), assigned(1, 1, seats...)).
			When(approvalcase.Approve{Signing: by("E31")}).Then(approved(1, 0, owner), granted(false, owner))
	})
	t.Run("one person fills one seat, whatever functions meet in that person", func(t *testing.T) {
		t.Parallel()
		both := []*approvalv1.Seat{seat("role_owner", "E31"), seat("function:security", "E31", "E32")}
		rule(t).Given(opened(1), assigned(1, 2, both...)).
			When(approvalcase.Approve{Signing: by("E31")}).Then(approved(1, 0, owner)).
			When(approvalcase.Approve{Signing: by("E31")}).ThenRefused(approvalcase.ErrSignedAlready)
	})
}

// Covers: APR-011
func TestNobodyDecidesAboutTheOwnMatter(t *testing.T) {
	t.Parallel()
	other := ask()
	other.Requester, other.Beneficiary = party("E2"), party("E1")
	forAnother := opened(1)
	forAnother.Ask = other
	for name, c := range map[string]struct {
		given []proto.Message
		when  approvalcase.Signing
		want  error
	}{
		"the requester who holds a seat": {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E1", "E7"))}, by("E1"), approvalcase.ErrOwnMatter},
		"the requester as a deputy":      {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E7"))}, by("E1", "E7"), approvalcase.ErrOwnMatter},
		"who asks for another":           {[]proto.Message{forAnother, assigned(1, 1, seat("unit_head", "E2", "E7"))}, by("E2"), approvalcase.ErrOwnMatter},
		"the one for whom is asked":      {[]proto.Message{forAnother, assigned(1, 1, seat("unit_head", "E1", "E7"))}, by("E1"), approvalcase.ErrOwnMatter},
		"a deputy of the requester":      {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E1", "E7"))}, by("E8", "E1"), approvalcase.ErrNotSigner},
		"somebody without a seat":        {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E7"))}, by("E9"), approvalcase.ErrNotSigner},
		"somebody who has left": {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E7"))}, func() approvalcase.Signing {
			s := by("E7")
			s.Signer.Employed = false
			return s
		}(), approvalcase.ErrSignerLeft},
		"who saw something else": {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E7"))}, func() approvalcase.Signing {
			s := by("E7")
			s.Digest = "d2"
			return s
		}(), approvalcase.ErrChanged},
		"who does not say what was seen": {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E7"))}, func() approvalcase.Signing {
			s := by("E7")
			s.Digest = ""
			return s
		}(), approvalcase.ErrDigestMissing},
		"with an endless reason": {[]proto.Message{opened(1), assigned(1, 1, seat("unit_head", "E7"))}, func() approvalcase.Signing {
			s := by("E7")
			s.Comment = strings.Repeat("因", 1001)
			return s
		}(), approvalcase.ErrReasonLong},
		"of a case that never was": {nil, by("E7"), approvalcase.ErrClosed},
	} {
		for decision, command := range map[string]approvalcase.Command{
			"approve": approvalcase.Approve{Signing: c.when}, "refuse": approvalcase.Refuse{Signing: c.when}, "return": approvalcase.Return{Signing: c.when},
			"postpone": approvalcase.Postpone{Signing: c.when, Until: due},
		} {
			t.Run(name+", "+decision, func(t *testing.T) {
				t.Parallel()
				rule(t).Given(c.given...).When(command).ThenRefused(c.want)
			})
		}
	}
}

// Covers: APR-010
func TestADeputySignsForTheHolder(t *testing.T) {
	t.Parallel()
	s := signature("E8", "supervisor", "E7")
	rule(t).Given(opened(1), assigned(1, 1, seat("supervisor", "E7"))).
		When(approvalcase.Approve{Signing: by("E8", "E6", "E7")}).Then(approved(1, 0, s), granted(false, s))
	// Whoever holds a seat fills that before one as a deputy.
	own := signature("E32", "function:security", "")
	rule(t).Given(opened(1), assigned(1, 2, seat("supervisor", "E7"), seat("function:security", "E32"))).
		When(approvalcase.Approve{Signing: by("E32", "E7")}).Then(approved(1, 1, own))
}

// Covers: APR-002, APR-005
func TestEveryOtherDecisionSaysWhy(t *testing.T) {
	t.Parallel()
	given := []proto.Message{opened(1), assigned(1, 1, seat("supervisor", "E7"))}
	s := signature("E7", "supervisor", "")
	silent := by("E7")
	silent.Comment = " \n"
	until := noon.AddDate(0, 1, 0)
	t.Run("refuse", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(approvalcase.Refuse{Signing: silent}).ThenRefused(approvalcase.ErrReasonMissing).
			When(approvalcase.Refuse{Signing: by("E7")}).Then(
			&approvalv1.ApprovalStepRefused{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: 1, Signature: s},
			&approvalv1.ApprovalRefused{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Kind: "access_request", Comment: "ok"}).
			When(approvalcase.Approve{Signing: by("E7")}).ThenRefused(approvalcase.ErrClosed)
	})
	t.Run("return", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(approvalcase.Return{Signing: silent}).ThenRefused(approvalcase.ErrReasonMissing).
			When(approvalcase.Return{Signing: by("E7")}).Then(
			&approvalv1.ApprovalReturned{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Kind: "access_request", Signature: s}).
			When(approvalcase.Approve{Signing: by("E7")}).ThenRefused(approvalcase.ErrClosed)
	})
	t.Run("postpone, and go on", func(t *testing.T) {
		t.Parallel()
		postponed := &approvalv1.ApprovalPostponed{
			PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Kind: "access_request", Until: timestamppb.New(until), Signature: s,
		}
		others := plan(1, seat("supervisor", "E6"))
		rule(t).Given(given...).
			When(approvalcase.Postpone{Signing: silent, Until: until}).ThenRefused(approvalcase.ErrReasonMissing).
			When(approvalcase.Postpone{Signing: by("E7"), Until: noon}).ThenRefused(approvalcase.ErrUntil).
			When(approvalcase.Postpone{Signing: by("E7"), Until: noon.AddDate(2, 0, 0)}).ThenRefused(approvalcase.ErrUntil).
			When(approvalcase.Resume{Plan: others, Now: until}).ThenNothing().
			When(approvalcase.Postpone{Signing: by("E7"), Until: until}).Then(postponed).
			When(approvalcase.Approve{Signing: by("E7")}).ThenRefused(approvalcase.ErrPostponed).
			When(approvalcase.Reassign{Step: 1, Seats: others.Seats, Cause: approvalcase.CauseLeaver}).ThenNothing().
			When(approvalcase.Overdue{Step: 1, Now: until}).ThenNothing().
			When(approvalcase.Resume{Plan: others, Now: until.Add(-time.Second)}).ThenNothing().
			When(approvalcase.Resume{Plan: others, Now: until}).Then(assigned(1, 1, seat("supervisor", "E6"))).
			When(approvalcase.Resume{Plan: others, Now: until}).ThenNothing().
			When(approvalcase.Approve{Signing: by("E7")}).ThenRefused(approvalcase.ErrNotSigner)
	})
	t.Run("a postponed step for which nobody is left", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).Given(&approvalv1.ApprovalPostponed{Until: timestamppb.New(until)}).
			When(approvalcase.Resume{Plan: plan(1, seat("supervisor")), Now: until}).Then(cancelled(approvalcase.ReasonNoSigner))
	})
}

// Covers: APR-008
func TestLeadershipAuthorisesDirectlyAndIsMarked(t *testing.T) {
	t.Parallel()
	given := []proto.Message{opened(2), assigned(1, 1, seat("supervisor", "E7"))}
	s := signature("E99", approvalcase.Leadership, "")
	given2 := &approvalv1.LeadershipAuthorisationGiven{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: 1, Signature: s}
	silent := by("E99")
	silent.Comment = ""
	rule(t).Given(given...).
		When(approvalcase.Authorise{Signing: by("E99")}).ThenRefused(approvalcase.ErrNotLeader).
		When(approvalcase.Authorise{Signing: by("E1"), Leader: true}).ThenRefused(approvalcase.ErrOwnMatter).
		When(approvalcase.Authorise{Signing: silent, Leader: true}).ThenRefused(approvalcase.ErrReasonMissing).
		When(approvalcase.Authorise{Signing: by("E99"), Leader: true}).Then(given2, granted(true, s)).
		When(approvalcase.Authorise{Signing: by("E99"), Leader: true}).ThenRefused(approvalcase.ErrClosed)
}

// Covers: APR-010
func TestALateStepIsRemindedEscalatedAndLapses(t *testing.T) {
	t.Parallel()
	head := seat("unit_head", "E8")
	given := []proto.Message{opened(1), assigned(1, 1, seat("supervisor", "E7"))}
	overdue := func(at time.Time) approvalcase.Overdue {
		return approvalcase.Overdue{Step: 1, Now: at, To: head, DueAt: second}
	}
	t.Run("in turn", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).
			When(approvalcase.Remind{Step: 1, Now: reminder.Add(-time.Second)}).ThenNothing().
			When(approvalcase.Remind{Step: 2, Now: reminder}).ThenNothing().
			When(approvalcase.Remind{Step: 1, Now: reminder}).Then(
			&approvalv1.ApprovalStepReminded{PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: 1}).
			When(approvalcase.Remind{Step: 1, Now: reminder}).ThenNothing().
			When(overdue(due.Add(-time.Second))).ThenNothing().
			When(overdue(due)).Then(escalated(head)).
			When(overdue(due)).ThenNothing().
			When(overdue(second)).Then(lapsed()).
			When(overdue(second)).ThenNothing()
	})
	t.Run("whom it was escalated to may sign beside the others", func(t *testing.T) {
		t.Parallel()
		s, late := signature("E8", "escalation:unit_head", ""), signature("E7", "supervisor", "")
		rule(t).Given(append(given, escalated(head))...).When(approvalcase.Approve{Signing: by("E8")}).Then(approved(1, 0, s), granted(false, s))
		rule(t).Given(append(given, escalated(head))...).When(approvalcase.Approve{Signing: by("E7")}).Then(approved(1, 0, late), granted(false, late))
	})
	t.Run("nobody to escalate to", func(t *testing.T) {
		t.Parallel()
		for name, to := range map[string]*approvalv1.Seat{"none": nil, "nobody there": seat("unit_head"), "the requester": seat("unit_head", "E1")} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				rule(t).Given(given...).When(approvalcase.Overdue{Step: 1, Now: due, To: to, DueAt: second}).Then(lapsed())
			})
		}
	})
	t.Run("a step without deadlines waits", func(t *testing.T) {
		t.Parallel()
		patient := assigned(1, 1, seat("supervisor", "E7"))
		patient.DueAt, patient.RemindAt = nil, nil
		rule(t).Given(opened(1), patient).
			When(approvalcase.Remind{Step: 1, Now: second}).ThenNothing().
			When(overdue(second)).ThenNothing()
	})
}

// Covers: APR-010
func TestOthersSignWhenSomebodyLeaves(t *testing.T) {
	t.Parallel()
	given := []proto.Message{opened(1), assigned(1, 1, seat("supervisor", "E7"))}
	to := func(cause string, seats ...*approvalv1.Seat) approvalcase.Reassign {
		return approvalcase.Reassign{Step: 1, Seats: seats, Cause: cause}
	}
	moved := func(seats ...*approvalv1.Seat) *approvalv1.ApprovalStepReassigned {
		return &approvalv1.ApprovalStepReassigned{
			PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: 1, Seats: seats, Cause: approvalcase.CauseLeaver,
		}
	}
	t.Run("the superior's superior", func(t *testing.T) {
		t.Parallel()
		s := signature("E6", "supervisor", "")
		rule(t).Given(given...).
			When(to(approvalcase.CauseLeaver, seat("supervisor", "E7"))).ThenNothing().
			When(to(approvalcase.CauseLeaver, seat("supervisor", "E6"))).Then(moved(seat("supervisor", "E6"))).
			When(approvalcase.Approve{Signing: by("E7")}).ThenRefused(approvalcase.ErrNotSigner).
			When(approvalcase.Approve{Signing: by("E6")}).Then(approved(1, 0, s), granted(false, s))
	})
	t.Run("nobody is left", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(given...).When(to(approvalcase.CauseLeaver, seat("supervisor"))).
			Then(moved(seat("supervisor")), cancelled(approvalcase.ReasonNoSigner)).
			When(to(approvalcase.CauseLeaver, seat("supervisor", "E6"))).ThenNothing()
	})
	t.Run("whom it was escalated to leaves", func(t *testing.T) {
		t.Parallel()
		rule(t).Given(append(given, escalated(seat("unit_head", "E8")))...).
			When(approvalcase.Reassign{Step: 1, Seats: []*approvalv1.Seat{seat("supervisor", "E7")}, Escalation: seat("unit_head", "E9"), Cause: approvalcase.CauseLeaver}).
			Then(escalated(seat("unit_head", "E9")))
	})
	t.Run("a signature that was given stays", func(t *testing.T) {
		t.Parallel()
		one := signature("E7", "supervisor", "")
		rule(t).Given(opened(1), assigned(1, 2, seat("supervisor", "E7"), seat("role_owner", "E31")), approved(1, 0, one)).
			When(to(approvalcase.CauseLeaver, seat("supervisor", "E6"), seat("role_owner", "E31"))).
			Then(moved(seat("supervisor", "E6"), seat("role_owner", "E31"))).
			When(approvalcase.Approve{Signing: by("E6")}).ThenRefused(approvalcase.ErrNotSigner).
			When(approvalcase.Approve{Signing: by("E31")}).
			Then(approved(1, 1, signature("E31", "role_owner", "")), granted(false, one, signature("E31", "role_owner", "")))
	})
	t.Run("of a step that is over", func(t *testing.T) {
		t.Parallel()
		c := to(approvalcase.CauseLeaver, seat("supervisor"))
		c.Step = 2
		rule(t).Given(given...).When(c).ThenNothing()
	})
}

func TestACaseForWhichTooFewAreLeftIsCancelled(t *testing.T) {
	t.Parallel()
	rule(t).When(start(1, plan(1, seat("supervisor")))).Then(opened(1), cancelled(approvalcase.ReasonNoSigner))
	rule(t).When(start(1, plan(2, seat("role_owner", "E31"), seat("function:security", "E31")))).Then(opened(1), cancelled(approvalcase.ReasonNoSigner))
	rule(t).When(start(1, plan(1, seat("unit_head", "E1")))).Then(opened(1), cancelled(approvalcase.ReasonNoSigner))
	one := signature("E7", "supervisor", "")
	rule(t).Given(opened(2), assigned(1, 1, seat("supervisor", "E7"))).
		When(approvalcase.Approve{Signing: by("E7"), Next: plan(1, seat("role_owner"))}).
		Then(approved(1, 0, one), cancelled(approvalcase.ReasonNoSigner))
}

func TestCancel(t *testing.T) {
	t.Parallel()
	c := approvalcase.Cancel{Reason: approvalcase.ReasonWithdrawn}
	rule(t).Given(opened(1), assigned(1, 1, seat("supervisor", "E7"))).When(c).Then(cancelled("withdrawn")).When(c).ThenNothing()
	rule(t).When(c).ThenNothing()
	rule(t).Given(opened(1), assigned(1, 1, seat("supervisor", "E7")), &approvalv1.ApprovalPostponed{Until: timestamppb.New(due)}).When(c).Then(cancelled("withdrawn"))
}

func TestAnIncompleteAskIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*approvalcase.Start){
		"case": func(c *approvalcase.Start) { c.Ask.CaseId = "" }, "kind": func(c *approvalcase.Start) { c.Ask.Kind = "" },
		"digest": func(c *approvalcase.Start) { c.Ask.Digest = "" }, "requester": func(c *approvalcase.Start) { c.Ask.Requester = nil },
		"beneficiary": func(c *approvalcase.Start) { c.Ask.Beneficiary = nil }, "steps": func(c *approvalcase.Start) { c.Steps = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(1, plan(1, seat("supervisor", "E7")))
			spoil(&c)
			rule(t).When(c).ThenRefused(approvalcase.ErrAskIncomplete)
		})
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	nobody := func(string) bool { return false }
	for name, c := range map[string]struct {
		seats  []*approvalv1.Seat
		filled map[int32]*approvalv1.Signature
		late   *approvalv1.Seat
		quorum int32
		want   bool
	}{
		"one of one":                      {[]*approvalv1.Seat{seat("a", "E1")}, nil, nil, 1, true},
		"none of one":                     {[]*approvalv1.Seat{seat("a")}, nil, nil, 1, false},
		"somebody makes room":             {[]*approvalv1.Seat{seat("a", "E1", "E2"), seat("b", "E1")}, nil, nil, 2, true},
		"a chain of room":                 {[]*approvalv1.Seat{seat("a", "E1", "E2"), seat("b", "E2", "E3"), seat("c", "E1")}, nil, nil, 3, true},
		"three seats, two people":         {[]*approvalv1.Seat{seat("a", "E1", "E2"), seat("b", "E2"), seat("c", "E1")}, nil, nil, 3, false},
		"who has signed signs no more":    {[]*approvalv1.Seat{seat("a", "E1"), seat("b", "E1")}, map[int32]*approvalv1.Signature{0: {Signer: party("E1")}}, nil, 2, false},
		"an escalation may take any seat": {[]*approvalv1.Seat{seat("a"), seat("b", "E1")}, nil, seat("e", "E5"), 2, true},
	} {
		if got := approvalcase.Reachable(c.seats, c.filled, c.late, nobody, c.quorum); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Whoever has lost the authority since the page was opened signs nothing, and
// whoever has it now does; both are found in the same decision.
//
// Covers: APR-007, APR-010
func TestADecisionIsTakenWithTheSignersOfItsMoment(t *testing.T) {
	t.Parallel()
	late := by("E7")
	late.Step, late.Seats = 1, []*approvalv1.Seat{seat("supervisor", "E8")}
	given := []proto.Message{opened(1), assigned(1, 1, seat("supervisor", "E7"))}
	for _, c := range []approvalcase.Command{
		approvalcase.Approve{Signing: late}, approvalcase.Refuse{Signing: late}, approvalcase.Return{Signing: late},
		approvalcase.Postpone{Signing: late, Until: due},
	} {
		rule(t).Given(given...).When(c).ThenRefused(approvalcase.ErrNotSigner)
	}
	now := by("E8")
	now.Step, now.Seats = 1, late.Seats
	s := signature("E8", "supervisor", "")
	rule(t).Given(given...).When(approvalcase.Approve{Signing: now}).Then(
		&approvalv1.ApprovalStepReassigned{
			PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: 1, Seats: late.Seats, Cause: approvalcase.CauseAuthority,
		},
		approved(1, 0, s), granted(false, s))
	now.Step = 2
	rule(t).Given(given...).When(approvalcase.Approve{Signing: now}).ThenRefused(approvalcase.ErrChanged)
}

// Covers: APR-010
func TestASignatureAfterWhichNobodyIsLeftEndsTheCase(t *testing.T) {
	t.Parallel()
	now := by("E7")
	now.Step, now.Seats = 1, []*approvalv1.Seat{seat("supervisor", "E7"), seat("role_owner")}
	s := signature("E7", "supervisor", "")
	rule(t).Given(opened(1), assigned(1, 2, seat("supervisor", "E7"), seat("role_owner", "E31"))).
		When(approvalcase.Approve{Signing: now}).Then(
		&approvalv1.ApprovalStepReassigned{
			PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Step: 1, Seats: now.Seats, Cause: approvalcase.CauseAuthority,
		},
		approved(1, 0, s), cancelled(approvalcase.ReasonNoSigner))
}

// What is asked for until noon lapses at noon, whoever has signed, also while it
// rests; and whoever is a moment late is told so.
//
// Covers: APR-010
func TestACaseLapsesWhenWhatIsAskedForIsOver(t *testing.T) {
	t.Parallel()
	end := due.Add(-time.Hour)
	until := opened(2)
	until.Ask.NeededUntil = timestamppb.New(end)
	over := lapsed()
	over.Reason = approvalcase.ReasonOver
	given := []proto.Message{until, assigned(1, 2, seat("supervisor", "E7"), seat("role_owner", "E31"))}
	signing := func(at time.Time) approvalcase.Approve {
		s := by("E7")
		s.Now = at
		return approvalcase.Approve{Signing: s}
	}
	early := signature("E7", "supervisor", "")
	early.At = timestamppb.New(end.Add(-time.Microsecond))
	rule(t).Given(given...).
		When(approvalcase.RunOut{Now: end.Add(-time.Microsecond)}).ThenNothing().
		When(signing(end)).ThenRefused(approvalcase.ErrOver).
		When(signing(end.Add(-time.Microsecond))).Then(approved(1, 0, early)).
		When(approvalcase.RunOut{Now: end}).Then(over).
		When(approvalcase.RunOut{Now: end}).ThenNothing().
		When(signing(end)).ThenRefused(approvalcase.ErrClosed)
	rest := &approvalv1.ApprovalPostponed{CaseId: "case_1", Until: timestamppb.New(second), Signature: signature("E7", "supervisor", "")}
	rule(t).Given(append(given, rest)...).When(approvalcase.RunOut{Now: end}).Then(over)
	postpone := func(to time.Time) approvalcase.Postpone { return approvalcase.Postpone{Signing: by("E7"), Until: to} }
	rule(t).Given(given...).
		When(postpone(end)).ThenRefused(approvalcase.ErrUntilOver).
		When(postpone(second)).ThenRefused(approvalcase.ErrUntilOver).
		When(postpone(end.Add(-time.Microsecond))).Then(&approvalv1.ApprovalPostponed{
		PersonId: "per_E1", EmployeeNumber: "E1", CaseId: "case_1", Kind: "access_request",
		Until: timestamppb.New(end.Add(-time.Microsecond)), Signature: signature("E7", "supervisor", ""),
	})
	var state approvalcase.State
	for _, e := range given {
		state = approvalcase.Evolve(state, e)
	}
	_, err := approvalcase.Decide(state, postpone(end))
	if why, ok := fault.Of(err); !ok || why.Details["ends_at"] != end.Format(time.RFC3339) {
		t.Errorf("the refusal does not name the end: %v", err)
	}
	leader := by("E51")
	leader.Now = end
	rule(t).Given(given...).When(approvalcase.Authorise{Signing: leader, Leader: true}).ThenRefused(approvalcase.ErrOver)
	rule(t).Given(opened(1), assigned(1, 1, seat("supervisor", "E7"))).When(approvalcase.RunOut{Now: second}).ThenNothing() // without an end
}
