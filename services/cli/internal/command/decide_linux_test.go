package command

import (
	"testing"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// At a terminal the signer is asked; whatever is not a yes signs nothing.
func TestTheSignerIsAsked(t *testing.T) {
	t.Parallel()
	for keys, code := range map[string]int{"y\n": output.Done, "yes\n": output.Done, "\n": output.Refused, "n\n": output.Refused, "\x04": output.Refused} {
		s := start(t)
		s.waits, s.token = waiting(), "secret"
		d := s.dialogue(t, "approve", "AR-1")
		d.answer("Sign this: approve? [y/N]", keys)
		d.end(code)
		if signed := len(s.decided) == 1; signed != (code == output.Done) {
			t.Errorf("%q: signed %v", keys, s.decided)
		}
	}
}
