package accessrequest_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
	"github.com/ostiary/ostiary/services/access-request/internal/domain/packs"
)

var record = flag.String("record-history", "", "name of a history to record")

func TestRecordedHistoriesReplay(t *testing.T) {
	hosttest.Replay(t, "access-request", describe)
}

func describe(stream string, events []proto.Message) string {
	var b strings.Builder
	switch eventstore.StreamType(stream) {
	case "holdings":
		var s holdings.State
		for _, e := range events {
			s = holdings.Evolve(s, e)
		}
		fmt.Fprintf(&b, "%s employed=%v position=%s unit=%v attributes=%v since=%d pack=%d", s.Post.GetEmployeeNumber(), s.Employed(),
			s.Post.GetPosition(), s.Post.GetUnit(), s.Post.GetAttributes(), s.Post.GetSourcePosition(), s.PackVersion)
		for _, id := range slices.Sorted(maps.Keys(s.Grants)) {
			g := s.Grants[id]
			fmt.Fprintf(&b, " [%s %s/%s@%s %s by %s status=%d%s]", id, g.Issued.GetApplication(), g.Issued.GetRole(), g.Issued.GetTarget(),
				g.Issued.GetKind(), g.Issued.GetRule(), g.Status, turned(g))
		}
		for _, m := range s.Transfers {
			fmt.Fprintf(&b, " [%s at %d derived=%v waits for %v]", m.Case, m.Position, m.Derived, m.Grants)
		}
		for _, id := range slices.Sorted(maps.Keys(s.Requests)) {
			q := s.Requests[id]
			fmt.Fprintf(&b, " [%s %s %s/%s by %s until %s status=%d case=%s begins=%s%s]", id, q.Requested.GetNumber(), q.Requested.GetApplication(),
				q.Requested.GetRole(), q.Requested.GetRequesterNumber(), q.Requested.GetValidUntil().AsTime().Format(time.RFC3339), q.Status, q.Case,
				q.BeginsAt.Format(time.RFC3339), delayed(q))
		}
		for _, role := range slices.Sorted(maps.Keys(s.Withheld)) {
			fmt.Fprintf(&b, " [%s withheld by %s for %s%s]", role, s.Withheld[role].GetRule(), s.Withheld[role].GetHeld(), going(s.Withheld[role]))
		}
	case "pack":
		var s packs.State
		for _, e := range events {
			s = packs.Evolve(s, e)
		}
		fmt.Fprintf(&b, "adopted=%v in force=%d %.8s", slices.Sorted(maps.Keys(s.Adopted)), s.InForce.GetVersion(), s.InForce.GetDigest())
	default:
		return "nobody folds this stream"
	}
	return b.String()
}

// turned is what a grant that was suspended has beside the others.
func turned(g holdings.Grant) string {
	if g.Turn == 0 {
		return ""
	}
	return fmt.Sprintf(" turn=%d until=%s", g.Turn, g.SuspendedUntil.Format(time.RFC3339))
}

// delayed is what a request that waits has beside the others.
func delayed(q holdings.Request) string {
	if q.Delayed == nil {
		return ""
	}
	return fmt.Sprintf(" until %s is gone by %s", q.Delayed.GetHeld(), q.Delayed.GetRule())
}

// going is what a birthright that waits for a removal has beside the others.
func going(e *accessv1.BirthrightWithheld) string {
	if !e.GetRemoving() {
		return ""
	}
	return " until that is gone"
}

// A story with every kind of event, to be recorded when the shape of events
// has changed: go test -run TestRecordHistory -record-history NAME .
func TestRecordHistory(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	s := begin(t)
	s.activates(1, body)
	for n := range 3 {
		employee := fmt.Sprintf("E%d", n)
		s.starts(employee, "P1", day(3))
		s.completes(employee)
		s.moves(employee, "P2", day(4))
	}
	s.completes("E1")
	s.Says("identity", "person-E1", &identityv1.EmploymentEnded{PersonId: "per_E1", EmployeeNumber: "E1", EffectiveAt: timestamppb.New(day(9))})
	s.completes("E1")
	s.activates(2, strings.NewReplacer("version: 1", "version: 2", `"P1"', grants: [orders/reader]`, `"P2"', grants: [orders/reader]`).Replace(body))
	s.starts("E1", "P2", day(10))
	s.expect("in the end", &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}, "reader issued, writer issued")
	s.activates(3, strings.NewReplacer("version: 1", "version: 3", `"P2"', grants: [orders/writer]`, `"P3"', grants: [orders/reader, orders/writer]`).Replace(body)+
		"duty_rules: [{id: apart, forbid: [orders/reader, orders/writer], scope: person}]\n")
	s.moves("E2", "P3", day(11))
	s.expect("kept apart", &accessv1.ListGrantsRequest{EmployeeNumber: "E2"}, "reader issued, reader revoking, reader revoking, writer revoking")
	s.activates(4, strings.NewReplacer("version: 1", "version: 4", `"P2"', grants: [orders/writer]`, `"P3"', grants: [orders/reader]`).Replace(body))
	s.RecordHistory(*record, describe)
}

// The same of transfers that are being cleared: go test -run
// TestRecordTransfers -record-history NAME .
func TestRecordTransfers(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	s := begin(t)
	s.activates(1, body)
	for _, employee := range []string{"E1", "E2", "E3"} {
		s.starts(employee, "P1", day(3))
		s.completes(employee)
		s.transfers(employee, "P2", day(4), "cas_"+employee)
	}
	s.completes("E1")
	s.Says("identity", "person-E3", &identityv1.EmploymentEnded{PersonId: "per_E3", EmployeeNumber: "E3", EffectiveAt: timestamppb.New(day(5))})
	s.transfers("E1", "P2", day(5), "cas_again")
	s.RecordHistory(*record, describe)
}

// The same of what people ask for: go test -run TestRecordRequests
// -record-history NAME .
func TestRecordRequests(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	s := beginAsking(t)
	given := s.submits("E1", ask("reader"))
	s.decided(given.GetCaseId(), granted(given.GetCaseId()))
	s.completes("E1")
	renewal := ask("reader")
	renewal.Until = timestamppb.New(day(10).AddDate(0, 3, 0))
	again := s.submits("E1", renewal)
	s.decided(again.GetCaseId(), granted(again.GetCaseId()))
	later := ask("reader")
	later.From = timestamppb.New(day(15))
	soon := s.submits("E2", later)
	s.decided(soon.GetCaseId(), &approvalv1.ApprovalGranted{PersonId: "per_E2", EmployeeNumber: "E2", CaseId: soon.GetCaseId(), Kind: "access_request", Direct: true})
	s.Clock.Set(day(15))
	s.Eventually("begun", func() bool {
		return shown(s.list(&accessv1.ListGrantsRequest{EmployeeNumber: "E2"})) == "reader issued"
	})
	refused := s.submits("E7", ask("reader"))
	s.decided(refused.GetCaseId(), &approvalv1.ApprovalRefused{PersonId: "per_E7", CaseId: refused.GetCaseId(), Kind: "access_request", Comment: "不需要"})
	returned := s.submits("E7", ask("reader"))
	s.decided(returned.GetCaseId(), &approvalv1.ApprovalReturned{PersonId: "per_E7", CaseId: returned.GetCaseId(), Kind: "access_request"})
	waiting := s.submits("E7", ask("approver"))
	s.decided(waiting.GetCaseId(), &approvalv1.ApprovalPostponed{PersonId: "per_E7", CaseId: waiting.GetCaseId(), Kind: "access_request", Until: timestamppb.New(day(25))})
	if _, err := s.client().WithdrawRequest(s.As("E7"), &accessv1.WithdrawRequestRequest{Request: waiting.GetNumber()}); err != nil {
		t.Fatal(err)
	}
	end := day(10).AddDate(0, 2, 0)
	s.Clock.Set(end.AddDate(0, 0, -5))
	s.Clock.Set(end)
	s.Eventually("ended", func() bool {
		return shown(s.list(&accessv1.ListGrantsRequest{EmployeeNumber: "E2"})) == "reader revoking"
	})
	s.completes("E2")
	s.RecordHistory(*record, describe)
}

// The same of suspensions: go test -run TestRecordSuspensions -record-history
// NAME .
func TestRecordSuspensions(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	s := beginAsking(t)
	grant := s.holds().GetGrantId()
	s.suspends(grant, time.Time{})
	s.completes("E1")
	s.reinstates(grant)
	s.completes("E1")
	s.suspends(grant, day(20))
	s.completes("E1")
	s.activates(2, strings.NewReplacer("version: 1", "version: 2", "orders/approver]", "orders/secret]").Replace(offered))
	for _, role := range []string{"reader", "approver"} {
		q := s.submits("E2", ask(role))
		signed := granted(q.GetCaseId())
		signed.PersonId, signed.EmployeeNumber = "per_E2", "E2"
		s.decided(q.GetCaseId(), signed)
	}
	s.completes("E2")
	other := &accessv1.ListGrantsRequest{EmployeeNumber: "E2"}
	s.suspends(s.list(other)[0].GetGrantId(), day(20))
	s.completes("E2")
	s.activates(3, strings.Replace(offered, "version: 1", "version: 3", 1))
	person := &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}
	s.Clock.Set(day(20))
	s.Eventually("it comes back", func() bool { return shown(s.list(person)) == "reader issued" })
	s.completes("E1")
	s.expect("a duty rule keeps it back", other, "approver suspended, reader active")
	s.suspends(grant, day(30))
	s.Says("identity", "person-E1", &identityv1.EmploymentEnded{PersonId: "per_E1", EmployeeNumber: "E1", EffectiveAt: timestamppb.New(day(25))})
	s.completes("E1")
	s.RecordHistory(*record, describe)
}

// The same of removals that delay what comes after them: go test -run
// TestRecordRemovals -record-history NAME .
func TestRecordRemovals(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	s := beginAsking(t)
	waiting, late := s.submits("E1", ask("approver")), s.submits("E7", ask("approver"))
	s.activates(2, giving)
	for _, e := range []string{"E1", "E2", "E7"} {
		s.moves(e, "P1", day(4))
		s.completes(e)
		s.moves(e, "P0", day(5))
	}
	s.signs("E1", waiting)
	s.signs("E7", late)
	s.completes("E1")
	s.moves("E2", "P2", day(6))
	s.completes("E2")
	s.moves("E2", "P1", day(7))
	s.RecordHistory(*record, describe)
}
