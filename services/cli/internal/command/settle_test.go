package command

import (
	"bytes"
	"strings"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// imported is an import whose consequences name "mine" as their first cause.
func imported() *identityv1.ImportResult {
	return &identityv1.ImportResult{Snapshot: "snp_1", Position: 7, CorrelationId: "mine"}
}

func order(correlation, target, reason string) *provisioningv1.Order {
	return &provisioningv1.Order{CorrelationId: correlation, Target: target, Reason: reason}
}

// Somebody with the role hr alone can wait, and an order of another change on a
// target that is down does not hold the wait up.
func TestWaitIsForTheOrdersOfTheChange(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	s.orders = []*provisioningv1.Order{order("mine", "orders-db", ""), order("another", "crm-db", "TARGET_UNREACHABLE")}
	looks := 0
	s.asked = func(s *server) {
		if looks++; looks == 3 {
			s.orders = s.orders[1:] // confirmed
			s.positions["identity"] = 9
		}
	}
	if r := s.run(t, importing(t, "--wait", "30s")...); r.code != output.Done {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if looks < 4 {
		t.Errorf("%d looks at the orders: it did not wait for its own, or did not look again after what followed", looks)
	}
}

// The last order is confirmed after a round in which nothing moved and before
// the look at the orders: what follows from the confirmation is waited for.
func TestWaitSeesWhatFollowsFromTheLastConfirmation(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	looks := 0
	s.asked = func(s *server) {
		if looks++; looks == 1 {
			s.positions["access-request"]++ // the grant is activated meanwhile
		}
	}
	if r := s.run(t, importing(t, "--wait", "30s")...); r.code != output.Done {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if looks != 2 {
		t.Errorf("%d looks at the orders, want another after what moved", looks)
	}
}

func TestWithoutWaitNobodyLooks(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	s.orders = []*provisioningv1.Order{order("mine", "orders-db", "")}
	s.asked = func(*server) { t.Error("orders were looked at") }
	if r := s.run(t, importing(t)...); r.code != output.Done {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

// Whoever waits in vain learns which target it is and how many orders.
func TestTimedOutNamesTargetAndOrders(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	s.orders = []*provisioningv1.Order{
		order("mine", "orders-db", "TARGET_UNREACHABLE"), order("mine", "orders-db", ""), order("mine", "crm-db", "TARGET_TIMEOUT"),
		order("another", "pay-db", "TARGET_REFUSED"),
	}
	args := importing(t, "--wait", "300ms")

	r := s.run(t, append(args, "--json")...)
	reason, details := refusal(t, r.err)
	if r.code != output.TimedOut || reason != "TIMED_OUT" || len(details) != 2 ||
		details["target orders-db"] != "2 orders not confirmed, 1 of them failing (TARGET_UNREACHABLE)" ||
		details["target crm-db"] != "1 orders not confirmed, 1 of them failing (TARGET_TIMEOUT)" {
		t.Errorf("exit %d, %s %v", r.code, reason, details)
	}
	if !strings.Contains(r.out, `"snapshot":"snp_1"`) {
		t.Errorf("the answer of the change itself is missing:\n%s", r.out)
	}

	var out, errs bytes.Buffer
	code := Run(t.Context(), args, IO{In: strings.NewReader(""), Out: &out, Err: &errs, Env: s.environment("zh-CN")})
	for _, part := range []string{"未在限定时间内", "目标 orders-db：2 条指令未确认，其中 1 条失败 (TARGET_UNREACHABLE)", "目标 crm-db：1 条"} {
		if code != output.TimedOut || !strings.Contains(errs.String(), part) {
			t.Errorf("exit %d, %q is missing in\n%s", code, part, errs.String())
		}
	}
}

// A consequence that cannot be processed never comes by waiting: the wait ends,
// and not as if all were well.
func TestParkedConsequenceEndsTheWait(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	s.parked["access-request"] = []*runtimev1.ParkedEvent{{Source: "identity", Position: 12, Error: "boom"}, {Source: "identity", Position: 13}}
	r := s.run(t, importing(t, "--wait", "30s", "--json")...)
	reason, details := refusal(t, r.err)
	if r.code != output.Refused || reason != "CONSEQUENCES_PARKED" || details["access-request"] != "identity=12 (2): boom" {
		t.Errorf("exit %d, %s %v", r.code, reason, details)
	}
}

// A service that has much to take in answers late; that is no reason to give up.
func TestWaitGoesOnWhileAServiceIsBehind(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	s.behind = 3
	if r := s.run(t, importing(t, "--wait", "30s")...); r.code != output.Done {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestHeldSnapshotIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.result = imported()
	s.result.Held, s.result.Reason, s.result.Digest = true, "4 of 10 are missing", "d1"
	r := s.run(t, importing(t, "--wait", "30s")...)
	if r.code != output.Refused || r.err != "" || !strings.Contains(r.out, "--confirm d1") || !strings.Contains(r.out, "4 of 10 are missing") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestEndedSessionIsNotSignedIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.ended = true
	r := s.run(t, importing(t, "--json")...)
	if reason, _ := refusal(t, r.err); r.code != output.NotSignedIn || reason != "SESSION_UNKNOWN" {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
}
