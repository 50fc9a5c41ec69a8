package command

import (
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// A bare date is that day of the installation, to its end, whatever the zone of
// the reader.
func TestAtReadsDatesWhereTheInstallationIs(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"2026-11-30":                "2026-11-30T15:59:59.999999Z",
		"2026-11-30T09:00:00+08:00": "2026-11-30T01:00:00Z",
		"2026-11-30T09:00Z":         "2026-11-30T09:00:00Z",
	} {
		s := start(t)
		s.roles = []string{"auditor"}
		if r := s.run(t, "access", "list", "--person", "E1", "--at", given, "--known-at", given); r.code != output.Done {
			t.Fatalf("%s: exit %d\n%s", given, r.code, r.err)
		}
		for _, at := range []time.Time{s.listed.GetAt().AsTime(), s.listed.GetKnownAt().AsTime()} {
			if got := at.Format(time.RFC3339Nano); got != want {
				t.Errorf("%s means %s, want %s", given, got, want)
			}
		}
	}
}

func TestAtRefusesWhatIsNoTime(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.roles = []string{"auditor"}
	for _, given := range []string{"yesterday", "2026-02-30", "30.11.2026", "2026-11-30T09:00"} {
		r := s.run(t, "access", "list", "--person", "E1", "--at", given, "--json")
		if reason, details := refusal(t, r.err); r.code != output.Usage || reason != "USAGE" || !strings.Contains(details["problem"].(string), given) {
			t.Errorf("%s: exit %d\n%s", given, r.code, r.err)
		}
	}
	if s.listed != nil {
		t.Error("the server was asked all the same")
	}
}
