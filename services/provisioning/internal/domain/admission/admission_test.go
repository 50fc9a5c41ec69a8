package admission_test

import (
	"testing"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/admission"
)

func TestAdmit(t *testing.T) {
	t.Parallel()
	rules := eventstore.Decider[admission.State, admission.Admit]{Decide: admission.Decide, Evolve: admission.Evolve}
	first := &provisioningv1.TargetAdmitted{Target: "orders-db", Kind: "postgres", System: "71"}
	t.Run("a target is admitted when it is first reached", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given().When(admission.Admit{Target: "orders-db", Kind: "postgres", System: "71"}).Then(first)
	})
	t.Run("the same system again is nothing new", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(first).When(admission.Admit{Target: "orders-db", Kind: "postgres", System: "71"}).ThenNothing()
	})
	t.Run("another system behind the name is recorded", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(first).When(admission.Admit{Target: "orders-db", Kind: "postgres", System: "72"}).
			Then(&provisioningv1.TargetAdmitted{Target: "orders-db", Kind: "postgres", System: "72"})
	})
}
