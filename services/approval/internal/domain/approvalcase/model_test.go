package approvalcase_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
)

// Covers: APR-011
func TestWhoeverFitsTwoSeatsLeavesTheOtherPossible(t *testing.T) {
	t.Parallel()
	b := signature("E31", "function:security", "")
	rule(t).Given(opened(1), assigned(1, 2, seat("role_owner", "E31", "E32"), seat("function:security", "E31"))).
		When(approvalcase.Approve{Signing: by("E31")}).Then(approved(1, 1, b))
}

// Covers: APR-001, APR-010, APR-011
func TestRandomHistoriesKeepTheInvariants(t *testing.T) {
	t.Parallel()
	for seed := range testkit.Count(4000) {
		m := model{rand.New(rand.NewPCG(uint64(seed), 1)), approvalcase.State{}}
		for range 25 {
			m.step(t, seed)
		}
	}
}

// model is one case that random people decide in a random order.
type model struct {
	*rand.Rand
	approvalcase.State
}

func (m *model) step(t *testing.T, seed int) {
	t.Helper()
	before := m.State
	events, err := approvalcase.Decide(m.State, m.command())
	if err != nil {
		return
	}
	if before.Status != approvalcase.None && !before.Waiting() && len(events) > 0 {
		t.Fatalf("seed %d: %T after the outcome", seed, events[0])
	}
	for _, e := range events {
		m.event(t, seed, e)
	}
	if m.Waiting() && m.Status == approvalcase.Open && !approvalcase.Reachable(m.Seats, m.Filled, m.Escalation, isOwn, m.Quorum) {
		t.Fatalf("seed %d: the case waits for nobody", seed)
	}
}

func (m *model) event(t *testing.T, seed int, e proto.Message) {
	t.Helper()
	if a, ok := e.(*approvalv1.ApprovalStepApproved); ok {
		signer := a.GetSignature().GetSigner().GetPersonId()
		if isOwn(signer) || isOwn(a.GetSignature().GetOnBehalfOf().GetPersonId()) {
			t.Fatalf("seed %d: somebody signs the own matter", seed)
		}
		for _, s := range m.Filled {
			if s.GetSigner().GetPersonId() == signer {
				t.Fatalf("seed %d: %s fills two seats", seed, signer)
			}
		}
	}
	if g, ok := e.(*approvalv1.ApprovalGranted); ok && !g.GetDirect() && (int32(len(m.Filled)) < m.Quorum || m.Step != m.Opened.GetSteps()) {
		t.Fatalf("seed %d: granted without its signatures", seed)
	}
	m.State = approvalcase.Evolve(m.State, e)
}

func isOwn(person string) bool { return person == "per_E1" }

func (m *model) command() approvalcase.Command {
	now := noon.AddDate(0, 0, m.IntN(8))
	signing := by(m.anybody(), m.anybody(), m.anybody())
	signing.Now, signing.Signer.Employed = now, m.IntN(10) > 0
	late := plan(1, m.seats()...)
	if m.IntN(3) == 0 {
		signing.Step, signing.Seats, signing.Escalation = m.Step, m.reseated(), late.Seats[0]
	}
	if m.Status == approvalcase.None {
		return start(int32(1+m.IntN(3)), m.plan())
	}
	switch m.IntN(16) {
	case 0:
		return approvalcase.Refuse{Signing: signing}
	case 1:
		return approvalcase.Postpone{Signing: signing, Until: now.AddDate(0, 0, 1)}
	case 2:
		return approvalcase.Authorise{Signing: signing, Leader: m.IntN(3) == 0}
	case 3, 4:
		return approvalcase.Reassign{Step: m.Step, Seats: m.reseated(), Escalation: late.Seats[0], Cause: approvalcase.CauseLeaver}
	case 5:
		return approvalcase.Remind{Step: m.Step, Now: now}
	case 6:
		return approvalcase.Overdue{Step: m.Step, Now: now, To: late.Seats[0], DueAt: second.AddDate(0, 0, 3)}
	case 7:
		p := m.plan()
		p.Seats, p.Quorum = m.reseated(), m.Quorum
		return approvalcase.Resume{Plan: p, Now: now}
	default:
		return approvalcase.Approve{Signing: signing, Next: m.plan()}
	}
}

func (m *model) anybody() string { return fmt.Sprintf("E%d", 1+m.IntN(6)) }

func (m *model) plan() approvalcase.Plan {
	seats := m.seats()
	return plan(int32(1+m.IntN(len(seats))), seats...)
}

func (m *model) seats() []*approvalv1.Seat {
	var seats []*approvalv1.Seat
	for i := range 1 + m.IntN(3) {
		seats = append(seats, seat(fmt.Sprintf("function:%d", i), m.anybody(), m.anybody()))
	}
	return seats
}

// reseated are as many seats as the step has, with other people.
func (m *model) reseated() []*approvalv1.Seat {
	var seats []*approvalv1.Seat
	for _, s := range m.Seats {
		seats = append(seats, seat(s.GetBy(), m.anybody(), m.anybody()))
	}
	return seats
}
