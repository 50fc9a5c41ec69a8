package command

import (
	"testing"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// A command line that is wrong is refused before anything is sent, in the form
// that was asked for even if the flags cannot be read.
func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, args := range [][]string{
		{"statsu", "--json"},
		{"hr", "imprt", "--json"},
		{"hr", "import", "--json"},
		{"hr", "import", "nowhere.csv", "--map", "nowhere.yaml", "--json"},
		{"access", "list", "--person", "E1", "--role", "a/b", "--json"},
		{"access", "list", "--persn", "E1", "--json"},
		{"clearance", "record", "E1", "grants", "--command-id", "7", "--json"},
		{"inbox", "show", "identity", "policy", "seven", "--json"},
		importing(t, "--wait", "soon", "--json"),
		importing(t, "--wait", "0", "--json"),
		importing(t, "--wait", "-5s", "--json"),
		importing(t, "--wait", "60", "--json"),
		{"--lang", "fr", "status", "--json"},
		{"status", "--help", "--lang=klingon", "--json"},
	} {
		r := s.run(t, args...)
		if reason, _ := refusal(t, r.err); r.code != output.Usage || reason != "USAGE" {
			t.Errorf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
	}
	for misspelt, meant := range map[string][]string{"status": {"statsu"}, "import": {"hr", "imprt"}} {
		if _, details := refusal(t, s.run(t, append(meant, "--json")...).err); details["did_you_mean"] != misspelt {
			t.Errorf("%v: %v, want the suggestion %s", meant, details, misspelt)
		}
	}
	if s.refreshes > 0 {
		t.Errorf("%d calls reached the server", s.refreshes)
	}
}
