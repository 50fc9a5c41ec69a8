package packs_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/approval/internal/domain/packs"
)

var decider = eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func adopted(version int64, digest string) *approvalv1.PackAdopted {
	return &approvalv1.PackAdopted{Version: version, Digest: digest, Body: []byte("version: 1")}
}

func TestAPublishedPackIsAdoptedOnceAndEnforcedWithItsBody(t *testing.T) {
	t.Parallel()
	adopt := packs.Adopt{Version: 1, Digest: "d1", Body: []byte("version: 1")}
	enforce := packs.Enforce{Version: 1, Digest: "d1", EffectiveAt: noon}
	testkit.Rule(t, decider).
		When(adopt).Then(adopted(1, "d1")).
		When(adopt).ThenNothing().
		When(enforce).
		Then(&approvalv1.PackEnforced{Version: 1, Digest: "d1", Body: []byte("version: 1"), EffectiveAt: timestamppb.New(noon)}).
		When(enforce).ThenNothing()
}

func TestAPackThatALaterOneOvertookIsNotEnforced(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(adopted(1, "d1"), adopted(2, "d2"), &approvalv1.PackEnforced{Version: 2, Digest: "d2"}).
		When(packs.Enforce{Version: 1, Digest: "d1", EffectiveAt: noon}).ThenNothing()
}

func TestOnlyAnAdoptedPackIsEnforced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]packs.Enforce{
		"another version": {Version: 2, Digest: "d1"},
		"another digest":  {Version: 1, Digest: "d2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(adopted(1, "d1")).When(c).ThenRefused(packs.ErrNotAdopted)
		})
	}
}
