package command

import (
	"strings"
	"testing"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// A role that cannot be asked for now is listed beside the others, and what
// speaks against it is said below them.
func TestARoleThatCannotBeAskedForSaysWhy(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.offered = []*accessv1.OfferedRole{
		{Application: "orders", Role: "reader", State: "requestable"},
		{Application: "orders", Role: "writer", State: "waiting", Reason: "REQUEST_DUTY_REMOVAL_PENDING", Why: "It is being taken away.", WhyZh: "正在收回。"},
		{Application: "orders", Role: "auditor", State: "unavailable", Reason: "ANOTHER", Why: "Not this week.", WhyZh: "本周不可申请。"},
	}
	r := s.run(t, "request", "roles")
	if r.code != output.Done {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{"can be asked for", "waits for the removal of another right", "orders/auditor: Not this week. [ANOTHER]"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is missing from\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "REQUEST_DUTY_REMOVAL_PENDING") {
		t.Errorf("the state says enough of what waits:\n%s", r.out)
	}
}
