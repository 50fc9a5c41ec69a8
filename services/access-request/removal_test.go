package accessrequest_test

import (
	"strings"
	"testing"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// giving is offered, and gives reader to P1 and approver to P2, which exclude
// each other.
var giving = strings.Replace(offered, "version: 1", "version: 2", 1) + `matrix:
  - {where: 'attributes.project == "P1"', grants: [orders/reader]}
  - {where: 'attributes.project == "P2"', grants: [orders/approver]}
`

// signs lets a person's request for a role be granted.
func (s asking) signs(employee string, q *accessv1.SubmitRequestResponse) {
	s.t.Helper()
	e := granted(q.GetCaseId())
	e.PersonId, e.EmployeeNumber = "per_"+employee, employee
	s.decided(q.GetCaseId(), e)
}

// A removal that is under way delays what a duty rule keeps apart from it: a
// request is refused, a signature waits, a birthright comes when its turn has.
//
// Covers: ACR-030, ACR-060
func TestWhatARemovalDelaysComesAfterIt(t *testing.T) {
	s := beginAsking(t)
	of := func(employee string) *accessv1.ListGrantsRequest {
		return &accessv1.ListGrantsRequest{EmployeeNumber: employee}
	}
	waiting := s.submits("E1", ask("approver"))
	late := s.submits("E7", ask("approver"))
	s.activates(2, giving)
	for _, e := range []string{"E1", "E2", "E7"} {
		s.moves(e, "P1", day(4))
		s.completes(e)
		s.expect("the post gives it", of(e), "reader active")
		s.moves(e, "P0", day(5))
		s.expect("and takes it", of(e), "reader revoking")
	}
	if _, err := s.client().SubmitRequest(s.As("E2"), ask("approver")); reasonOf(err) != "REQUEST_DUTY_REMOVAL_PENDING" {
		t.Errorf("asked during the removal: %v", err)
	}
	s.signs("E1", waiting)
	s.signs("E7", late)
	for _, q := range []*accessv1.SubmitRequestResponse{waiting, late} {
		if got := s.state(q.GetNumber()); got != "approved delayed" {
			t.Errorf("signed during the removal: %s", got)
		}
	}
	s.completes("E1")
	s.expect("given after it", of("E1"), "approver issued")
	if got := s.state(waiting.GetNumber()); got != "approved" {
		t.Errorf("given after the removal: %s", got)
	}
	s.completes("E1")
	if got := s.state(waiting.GetNumber()); got != "fulfilled" {
		t.Errorf("read back: %s", got)
	}

	s.moves("E2", "P2", day(6))
	s.expect("a birthright waits, too", of("E2"), "reader revoking")
	s.completes("E2")
	s.expect("and comes by itself", of("E2"), "approver issued")

	s.Clock.Set(day(10).AddDate(0, 2, 0))
	s.Eventually("what still waits at its end comes to nothing", func() bool { return s.state(late.GetNumber()) == "refused late" })
	s.Eventually("and what was given ends", func() bool { return shown(s.list(of("E1"))) == "approver revoking" })
	s.moves("E1", "P1", day(7))
	s.expect("it counts until it is gone", of("E1"), "approver revoking")
	s.completes("E1")
	s.expect("then the post gives what it does", of("E1"), "reader issued")
}
