package rpc

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
)

// A case says when it lapses only where that is certain.
//
// Covers: APR-010
func TestWhenACaseLapses(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, 5+n, 4, 0, 0, 0, time.UTC) }
	late := &approvalv1.Seat{By: "unit_head"}
	for what, c := range map[string]struct {
		status          approvalcase.Status
		late            *approvalv1.Seat
		next, end, want int // days; 0: never
		alone           bool
	}{
		"it may be escalated first":               {status: approvalcase.Open, next: 2},
		"even before it would be over":            {status: approvalcase.Open, next: 2, end: 9},
		"over before it is late":                  {status: approvalcase.Open, next: 2, end: 1, want: 1},
		"over when it is late":                    {status: approvalcase.Open, next: 2, end: 2, want: 2},
		"never late":                              {status: approvalcase.Open, end: 9, want: 9},
		"never":                                   {status: approvalcase.Open, alone: true},
		"escalated":                               {status: approvalcase.Open, late: late, next: 4, end: 9, want: 4},
		"escalated, without an end":               {status: approvalcase.Open, late: late, next: 4, want: 4},
		"escalated, over before":                  {status: approvalcase.Open, late: late, next: 4, end: 3, want: 3},
		"nobody to escalate to":                   {status: approvalcase.Open, next: 2, end: 9, want: 2, alone: true},
		"nobody to escalate to, over before":      {status: approvalcase.Open, next: 2, end: 1, want: 1, alone: true},
		"it rests and begins anew":                {status: approvalcase.Postponed, next: 2, end: 9, alone: true},
		"it rests past its end":                   {status: approvalcase.Postponed, next: 9, end: 3, want: 3},
		"it rests, and nothing asked for is over": {status: approvalcase.Postponed, next: 9, late: late},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			ask := &approvalv1.Ask{}
			if c.end != 0 {
				ask.NeededUntil = timestamppb.New(day(c.end))
			}
			s := approvalcase.State{Status: c.status, Escalation: c.late, Opened: &approvalv1.ApprovalCaseOpened{Ask: ask}}
			switch {
			case c.status == approvalcase.Postponed:
				s.DueAt, s.Until = day(1), day(c.next)
			case c.next != 0:
				s.DueAt = day(c.next)
			}
			got := lapses(s, !c.alone)
			if c.want == 0 && got != nil || c.want != 0 && !got.AsTime().Equal(day(c.want)) {
				t.Errorf("it lapses at %v, want day %d", got, c.want)
			}
		})
	}
}
