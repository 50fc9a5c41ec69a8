package policy_test

import (
	"context"
	"errors"
	"testing"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
	"github.com/ostiary/ostiary/services/access-request/internal/domain/packs"
)

// Covers: ACR-017, ACR-067, IDN-023, IDN-025, IDN-027, IDN-030
func TestAJoinerMovesAndLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.activate(1, map[string]string{"P1": "reader", "P2": "writer"})
	w.must("identity", 1, starts("E1", "P1"))
	w.holds("E1", "reader")
	first := w.live("E1")["reader"].Issued.GetGrantId()
	w.must("provisioning", 1, completed("E1", first, "add"))
	if got := w.live("E1")["reader"].Status; got != holdings.Active {
		t.Errorf("after the read-back the grant is %d", got)
	}
	w.must("identity", 2, moves("E1", "P2"))
	w.holds("E1", "writer")
	second := w.live("E1")["writer"].Issued.GetGrantId()
	w.must("identity", 3, leaves("E1"))
	w.holds("E1")
	w.must("provisioning", 2, completed("E1", second, "add")) // too late
	w.holds("E1")
	w.must("provisioning", 3, completed("E1", first, "remove"))
	w.must("provisioning", 4, completed("E1", second, "remove"))
	facts := w.facts("E1")
	if _, ok := facts[len(facts)-1].Message.(*accessv1.HoldingsCleared); !ok {
		t.Errorf("the last event is %s", facts[len(facts)-1].Type)
	}
}

func TestEveryDeliveryMayBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.activate(1, map[string]string{"P1": "reader", "P2": "writer"})
		w.must("identity", 1, starts("E1", "P1"))
		w.must("identity", 2, moves("E1", "P2"))
	}
	w.holds("E1", "writer")
	// Posts: 2; reader given and taken, writer given.
	if got := len(w.facts("E1")); got != 5 {
		t.Errorf("%d events, want 5", got)
	}
}

// Covers: ACR-008
func TestEveryDecisionSaysByWhichPackAndBecauseOfWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	roles := map[string]string{"P1": "reader"}
	w.activate(1, roles)
	w.must("identity", 7, starts("E1", "P1"))
	w.activate(2, map[string]string{"P1": "writer"})
	digests := []string{pack.Digest(packBody(1, roles)), pack.Digest(packBody(2, map[string]string{"P1": "writer"}))}
	want := []struct {
		digest, rule string
		cause        eventstore.Cause
	}{
		{digests[0], "", eventstore.Cause{Service: "identity", Position: 7}},
		{digests[0], "matrix[0]", eventstore.Cause{Service: "identity", Position: 7}},
		{digests[1], "matrix[0]", eventstore.Cause{Service: "policy", Position: 21}},
		{digests[1], "matrix[0]", eventstore.Cause{Service: "policy", Position: 21}},
	}
	facts := w.facts("E1")
	if len(facts) != len(want) {
		t.Fatalf("%d events, want %d", len(facts), len(want))
	}
	for i, f := range facts {
		if f.PolicyDigest != want[i].digest || f.Rule != want[i].rule || *f.Causation != want[i].cause || f.Actor != "service:access-request" {
			t.Errorf("%s: digest %.8s rule %q cause %v actor %q", f.Type, f.PolicyDigest, f.Rule, *f.Causation, f.Actor)
		}
	}
}

func TestThePackReachesWhoCameBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("identity", 1, starts("E1", "P1"))
	w.must("identity", 2, starts("E2", "P2"))
	w.must("identity", 3, leaves("E2"))
	w.holds("E1")
	w.activate(1, map[string]string{"P1": "reader", "P2": "reader"})
	w.holds("E1", "reader")
	w.holds("E2")
	w.activate(2, map[string]string{"P1": "writer"})
	w.holds("E1", "writer")
}

func TestAnOlderPackThatArrivesLateChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("identity", 1, starts("E1", "P1"))
	old := packBody(1, map[string]string{"P1": "reader"})
	w.must("policy", 1, &policyv1.PackPublished{Version: 1, Digest: pack.Digest(old), Body: old})
	w.activate(2, map[string]string{"P1": "writer"})
	w.must("policy", 99, &policyv1.PackActivated{Version: 1, Digest: pack.Digest(old)})
	w.holds("E1", "writer")
}

func TestWhatCannotBeDecidedIsAnErrorAndParks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("identity", 1, starts("E1", "P1"))
	if err := w.happens("policy", 1, &policyv1.PackActivated{Version: 1, Digest: "d"}); !errors.Is(err, packs.ErrNotAdopted) {
		t.Errorf("a pack that was never published: %v", err)
	}
	if err := w.happens("policy", 2, &policyv1.PackPublished{Version: 1, Digest: "d", Body: []byte("version: [")}); err == nil {
		t.Error("a pack that cannot be read was adopted")
	}
	if err := w.happens("provisioning", 1, completed("E1", "grt_9", "add")); !errors.Is(err, holdings.ErrGrantUnknown) {
		t.Errorf("a read-back that nobody ordered: %v", err)
	}
	if err := w.happens("provisioning", 2, completed("E1", "grt_9", "mend")); err == nil {
		t.Error("an unknown operation was taken for one")
	}
}

// A delivery that died after its write and before it looked at the pack again
// must look when it is repeated, even if the pack in force has not changed in
// between.
func TestARepeatedDeliveryLooksAtThePackAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.activate(1, map[string]string{"P1": "reader"})
	w.must("identity", 1, starts("E1", "P1"))
	// The pack changes without reaching the person: as if the write had come
	// after the realignment of everybody.
	nobody := func(context.Context, int64) ([]string, error) { return nil, nil }
	w.with(nobody).activate(2, map[string]string{"P1": "writer"})
	w.holds("E1", "reader")
	w.must("identity", 1, starts("E1", "P1"))
	w.holds("E1", "writer")
}
