package command

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

func (s *server) GetApproval(context.Context, *approvalv1.GetApprovalRequest) (*approvalv1.GetApprovalResponse, error) {
	return s.waits, nil
}

func (s *server) Decide(_ context.Context, r *approvalv1.DecideRequest) (*approvalv1.DecideResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decided = append(s.decided, r)
	return &approvalv1.DecideResponse{Approval: s.waits.GetApproval()}, nil
}

// waiting is a case that waits for a signature.
func waiting() *approvalv1.GetApprovalResponse {
	at := func(hour int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(2026, 11, 24, hour, 0, 0, 0, time.UTC))
	}
	e7 := &approvalv1.Party{EmployeeNumber: "E7"}
	return &approvalv1.GetApprovalResponse{
		Approval: &approvalv1.Approval{
			CaseId: "case_1", Number: "AR-1", State: "open", Digest: "d1", Shown: []*approvalv1.ShownLine{{LabelZh: "申请角色", Label: "Role", Value: "orders/reader"}},
		},
		Steps: []*approvalv1.StepView{{
			Step: 1, State: "open", Seats: []*approvalv1.Seat{{By: "supervisor", Holders: []*approvalv1.Party{e7}}},
			Reminders:   []*approvalv1.StepReminder{{At: at(1), To: []*approvalv1.Party{e7}}},
			Escalations: []*approvalv1.StepEscalation{{At: at(2), To: &approvalv1.Seat{By: "unit_head", Holders: []*approvalv1.Party{{EmployeeNumber: "E9"}}}}},
			LapsesAt:    at(18),
		}},
		MaySign: true,
	}
}

// Nobody signs what was not shown: where nobody can be asked, what is to be
// signed is shown and held.
func TestNobodySignsWhatWasNotShown(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"approve", "AR-1"},
		{"refuse", "AR-1", "--reason", "no"}, {"return", "AR-1", "--reason", "no"}, {"authorise", "AR-1", "--reason", "yes"},
		{"postpone", "AR-1", "--reason", "later", "--until", "2026-12-01"},
	} {
		s := start(t)
		s.waits = waiting()
		r := s.run(t, args...)
		if r.code != output.Refused || len(s.decided) != 0 || !strings.Contains(r.out, "orders/reader") || !strings.Contains(r.out, "--digest d1") {
			t.Errorf("%v: exit %d, signed %v\n%s%s", args, r.code, s.decided, r.out, r.err)
		}
		var held struct {
			Held   bool
			Digest string
		}
		r = s.run(t, append(args, "--json")...)
		if err := json.Unmarshal([]byte(r.out), &held); err != nil || r.code != output.Refused || !held.Held || held.Digest != "d1" || len(s.decided) != 0 {
			t.Errorf("%v: exit %d, %v, signed %v\n%s%s", args, r.code, err, s.decided, r.out, r.err)
		}
		for flag, want := range map[string]string{"--yes": "d1", "--digest=d0": "d0"} {
			s.decided = nil
			if r := s.run(t, append(args, flag)...); r.code != output.Done || len(s.decided) != 1 || s.decided[0].GetDigest() != want {
				t.Errorf("%v %s: exit %d, signed %v\n%s%s", args, flag, r.code, s.decided, r.out, r.err)
			}
		}
	}
}

func TestACaseTellsWhatHappenedWhileItWaited(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.waits = waiting()
	for lang, want := range map[string][]string{
		"en":    {"NOTICE", "2026-11-24 09:00:00  reminded", "escalated to", "E9 (head of unit)", "2026-11-25 02:00:00  will lapse", "--digest d1"},
		"zh-CN": {"催办", "2026-11-24 09:00:00  已提醒", "已升级", "E9 (部门负责人)", "2026-11-25 02:00:00  届时失效"},
	} {
		r := s.in(t, lang, "approvals", "show", "AR-1")
		for _, text := range want {
			if !strings.Contains(r.out, text) {
				t.Errorf("%s: %q is missing:\n%s", lang, text, r.out)
			}
		}
	}
	s.waits.Steps[0].State, s.waits.Steps[0].LapsesAt, s.waits.Steps[0].LapsedAt = "lapsed", nil, s.waits.Steps[0].LapsesAt
	if r := s.in(t, "zh-CN", "approvals", "show", "AR-1"); !strings.Contains(r.out, "已失效") || strings.Contains(r.out, "已完成") {
		t.Errorf("a lapsed step:\n%s", r.out)
	}
}
