package packs_test

import (
	"testing"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/packs"
)

var rules = eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}

func definition(name, dsn string) *provisioningv1.TargetDefinition {
	return &provisioningv1.TargetDefinition{Target: name, Kind: "postgres", DsnEnv: dsn, Prefix: "ost_"}
}

func adopted(version int64, digest string, targets ...*provisioningv1.TargetDefinition) *provisioningv1.PackAdopted {
	return &provisioningv1.PackAdopted{Version: version, Digest: digest, Targets: targets}
}

func enforced(version int64, digest string, targets ...*provisioningv1.TargetDefinition) *provisioningv1.PackEnforced {
	return &provisioningv1.PackEnforced{Version: version, Digest: digest, Targets: targets}
}

func TestPacks(t *testing.T) {
	t.Parallel()
	db := definition("orders-db", "ORDERS_DSN")
	t.Run("a published pack is adopted with its targets", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given().When(packs.Adopt{Version: 1, Digest: "a", Targets: []*provisioningv1.TargetDefinition{db}}).
			Then(adopted(1, "a", db))
	})
	t.Run("adopted twice is once", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(adopted(1, "a", db)).When(packs.Adopt{Version: 1, Digest: "a"}).ThenNothing()
	})
	t.Run("an activated pack is enforced with the targets adopted", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(adopted(1, "a", db)).When(packs.Enforce{Version: 1, Digest: "a"}).Then(enforced(1, "a", db))
	})
	t.Run("an older pack never comes back", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(adopted(1, "a"), adopted(2, "b"), enforced(2, "b")).
			When(packs.Enforce{Version: 1, Digest: "a"}).ThenNothing()
	})
	t.Run("refused: never adopted", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(adopted(1, "a")).When(packs.Enforce{Version: 1, Digest: "other"}).ThenRefused(packs.ErrNotAdopted)
	})
}

func TestTargetIsAddressed(t *testing.T) {
	t.Parallel()
	old, renewed := definition("orders-db", "OLD_DSN"), definition("orders-db", "NEW_DSN")
	var s packs.State
	if _, ok := s.Target("orders-db"); ok {
		t.Error("a target that no pack names is known")
	}
	s = packs.Evolve(s, adopted(1, "a", old))
	check := func(when, want string) {
		t.Helper()
		if d, _ := s.Target("orders-db"); d.GetDsnEnv() != want {
			t.Errorf("%s: %q, want %q", when, d.GetDsnEnv(), want)
		}
	}
	check("adopted, as grants may come before the activation", "OLD_DSN")
	s = packs.Evolve(s, enforced(1, "a", old))
	s = packs.Evolve(s, adopted(2, "b", renewed))
	check("a later pack that is not in force", "OLD_DSN")
	s = packs.Evolve(s, enforced(2, "b", renewed))
	check("in force", "NEW_DSN")
	s = packs.Evolve(packs.Evolve(s, adopted(3, "c")), enforced(3, "c"))
	check("no longer named, as rights must still be removed there", "NEW_DSN")
}
