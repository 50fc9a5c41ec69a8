package command

import (
	"strconv"
	"strings"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// A file with much to say about it leaves the result on the screen; what is not
// shown is counted and can be had.
func TestImportShowsAScreenfulOfNotes(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	for n := range 13 {
		s.result.Warnings = append(s.result.Warnings, &identityv1.ImportWarning{
			Reason: "HR_POSITION_UNKNOWN", Subject: "position-" + strconv.Itoa(n), People: 2, Message: "en", MessageZh: "中文",
		})
	}
	s.result.Warnings[0].Subject, s.result.Warnings[0].People = "", 0
	for n := range 12 {
		s.result.Quarantined = append(s.result.Quarantined, &identityv1.QuarantinedRow{Row: int32(n + 2), EmployeeNumber: "E" + strconv.Itoa(n), Reason: "HR_ROW_ENCODING", Message: "en"})
	}
	r := s.in(t, "en", importing(t)...)
	for part, times := range map[string]int{
		"  note: ": 10, "  note: en  [HR_POSITION_UNKNOWN]\n": 1, "  note: position-9 (2 people): en": 1, "… and 3 more; --json shows all": 1,
		"  row ": 10, "… and 2 more; --json shows all": 1,
	} {
		if r.code != output.Done || strings.Count(r.out, part) != times {
			t.Errorf("exit %d, %d times %q, want %d:\n%s", r.code, strings.Count(r.out, part), part, times, r.out)
		}
	}
	if r := s.in(t, "en", importing(t, "--json")...); strings.Count(r.out, "HR_POSITION_UNKNOWN") != 13 {
		t.Errorf("--json does not show all:\n%s", r.out)
	}
	s.result.Warnings, s.result.Quarantined = s.result.Warnings[:10], s.result.Quarantined[:10]
	if r := s.in(t, "zh-CN", importing(t)...); strings.Contains(r.out, "--json") || !strings.Contains(r.out, "注意：position-9（2 人）：中文") {
		t.Errorf("of ten:\n%s", r.out)
	}
}
