package approval_test

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

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
	"github.com/ostiary/ostiary/services/approval/internal/domain/packs"
)

var record = flag.String("record-history", "", "name of a history to record")

func TestRecordedHistoriesReplay(t *testing.T) {
	hosttest.Replay(t, "approval", describe)
}

func describe(stream string, events []proto.Message) string {
	var b strings.Builder
	switch eventstore.StreamType(stream) {
	case "case":
		var s approvalcase.State
		for _, e := range events {
			s = approvalcase.Evolve(s, e)
		}
		fmt.Fprintf(&b, "status=%d route=%s step=%d/%d quorum=%d due=%s", s.Status, s.Opened.GetRoute(), s.Step, s.Opened.GetSteps(), s.Quorum, s.DueAt.Format(time.RFC3339))
		for i, seat := range s.Seats {
			fmt.Fprintf(&b, " [%d %s:%s]", i, seat.GetBy(), numbers(seat))
		}
		if s.Escalation != nil {
			fmt.Fprintf(&b, " [late %s:%s]", s.Escalation.GetBy(), numbers(s.Escalation))
		}
		for _, g := range s.Signatures {
			fmt.Fprintf(&b, " (%s by %s for %q)", g.GetSigner().GetEmployeeNumber(), g.GetBy(), g.GetOnBehalfOf().GetEmployeeNumber())
		}
	case "authority":
		var s authority.State
		for _, e := range events {
			s = authority.Evolve(s, e)
		}
		for _, id := range slices.Sorted(maps.Keys(s.Delegations)) {
			d := s.Delegations[id]
			fmt.Fprintf(&b, "%s %s→%s %s–%s ", id, d.Of, d.To, d.From.Format(time.RFC3339), d.Until.Format(time.RFC3339))
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

func numbers(seat *approvalv1.Seat) string {
	var all []string
	for _, h := range seat.GetHolders() {
		all = append(all, h.GetEmployeeNumber())
	}
	return strings.Join(all, "+")
}

// A story with every kind of event, to be recorded when the shape of events
// has changed: go test -run TestRecordHistory -record-history NAME .
func TestRecordHistory(t *testing.T) {
	if *record == "" {
		t.Log("nothing to record")
		return
	}
	s := begin(t)
	done := func(r string) {
		t.Helper()
		if r != "" {
			t.Fatal(r)
		}
	}
	for n := range 8 {
		s.asks(fmt.Sprint(n), "E1", "E1", "B")
	}
	s.asks("8", "E2", "E2", "A")
	s.asks("9", "E2", "E2", "C")
	done(s.names("E7", "E8", 300))
	done(s.names("E31", "E8", 300))
	done(s.decides("E8", "approve", "0"))
	done(s.decides("E31", "approve", "0"))
	done(s.decides("E7", "refuse", "1"))
	done(s.decides("E7", "return", "2"))
	done(s.request(s.As("E7"), &approvalv1.DecideRequest{
		CaseId: "case_3", Decision: "postpone", Digest: "d3", Reason: "later", Until: timestamppb.New(s.Clock.Now().AddDate(0, 0, 2)),
	}))
	done(s.decides("E51", "authorise", "4"))
	s.Says("access-request", "holdings-per_E1", &accessv1.AccessRequestWithdrawn{PersonId: "per_E1", EmployeeNumber: "E1", RequestId: "req_5", CaseId: "case_5"})
	done(s.decides("E41", "approve", "8"))
	short := ask("10", "E1", "E1", "A")
	short.NeededUntil = timestamppb.New(midnight(24))
	s.Says("access-request", "holdings-per_E1", &accessv1.AccessApprovalRequired{PersonId: "per_E1", EmployeeNumber: "E1", RequestId: "req_10", Ask: short})
	s.away("abs_1", "E9", "E42", 0, 9)
	s.away("abs_2", "E9", "E51", 5, 30)
	s.away("abs_2", "E9", "E2", 5, 40)
	s.away("abs_3", "E42", "E9", 1, 4)
	s.Says("identity", "person-E9", &identityv1.AbsenceEnded{
		PersonId: "per_E9", EmployeeNumber: "E9", AbsenceId: "abs_1", EffectiveAt: timestamppb.New(s.Clock.Now().AddDate(0, 0, 3)),
	})
	s.leaves("E31")
	s.Clock.Set(midnight(24))
	s.Eventually("over", func() bool { return strings.HasSuffix(s.happened("10"), "Lapsed") })
	s.Eventually("escalated", func() bool { return strings.HasSuffix(s.happened("6"), "StepEscalated") })
	s.Clock.Set(midnight(27))
	s.Eventually("lapsed", func() bool { return strings.HasSuffix(s.happened("7"), "Lapsed") })
	s.Eventually("resumed", func() bool { return strings.Contains(s.happened("3"), "Postponed StepAssigned") })
	s.activates(2, strings.NewReplacer("version: 1", "version: 2", "security: [E41, E42]", "security: [E42, E8]").Replace(body))
	s.RecordHistory(*record, describe)
}
