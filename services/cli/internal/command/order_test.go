package command

import (
	"strings"
	"testing"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// Whoever is told that a target is in trouble sees which orders it keeps open
// and why.
func TestOrderListShowsWhatIsOpenAndWhy(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.roles = []string{"operator"}
	s.orders = []*provisioningv1.Order{{
		Target: "crm-db", Account: "E1", Application: "crm", Role: "agent", Operation: "add", State: "failing",
		Reason: "TARGET_TIMEOUT", Message: "connect",
	}}
	r := s.run(t, "order", "list", "--open", "--limit", "7")
	if r.code != output.Done {
		t.Fatalf("exit %d\n%s", r.code, r.err)
	}
	for _, part := range []string{"1 open", "crm-db", "E1", "add", "crm/agent", "failing", "TARGET_TIMEOUT", "connect"} {
		if !strings.Contains(r.out, part) {
			t.Errorf("%q is missing in\n%s", part, r.out)
		}
	}
	if r := s.run(t, "order", "list", "--json", "--limit", "7"); !strings.Contains(r.out, `"reason":"TARGET_TIMEOUT"`) || strings.Count(r.out, "\n") != 1 {
		t.Errorf("as JSON: %s", r.out)
	}
}
