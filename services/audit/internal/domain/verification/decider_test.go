package verification_test

import (
	"testing"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/audit/internal/domain/verification"
)

// Covers: AUD-006, AUD-018
func TestEveryRunIsRecorded(t *testing.T) {
	t.Run("an intact ledger", func(t *testing.T) {
		testkit.Rule(t, verification.Decider).
			When(verification.Report{Size: 7, Root: "ab"}).
			Then(&auditv1.LedgerVerified{Size: 7, Root: "ab"})
	})
	t.Run("a changed one, each place by itself, even after an intact run", func(t *testing.T) {
		testkit.Rule(t, verification.Decider).
			Given(&auditv1.LedgerVerified{Size: 7, Root: "ab"}).
			When(verification.Report{Size: 7, Findings: []verification.Finding{
				{Service: "identity", Position: 3, Reason: "LEDGER_EVENT_CHANGED", Message: "m"},
				{Service: "policy", Position: 1, Reason: "LEDGER_EVENT_MISSING", Message: "n"},
			}}).
			Then(
				&auditv1.LedgerIntegrityFailed{Service: "identity", Position: 3, Reason: "LEDGER_EVENT_CHANGED", Message: "m"},
				&auditv1.LedgerIntegrityFailed{Service: "policy", Position: 1, Reason: "LEDGER_EVENT_MISSING", Message: "n"},
			)
	})
	t.Run("at most a hundred places one by one", func(t *testing.T) {
		events, err := verification.Decider.Decide(verification.State{}, verification.Report{Findings: make([]verification.Finding, 250)})
		if err != nil || len(events) != 100 {
			t.Fatalf("got %d events, %v; want 100", len(events), err)
		}
	})
}
