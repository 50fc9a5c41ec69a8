package packs_test

import (
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/packs"
)

func TestEachPackIsAdoptedOnce(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, packs.Decider).
		When(packs.Adopt{Version: 1, Digest: "a"}).Then(&identityv1.PackAdopted{Version: 1, Digest: "a"}).
		When(packs.Adopt{Version: 1, Digest: "a"}).ThenNothing().
		When(packs.Adopt{Version: 2, Digest: "b"}).Then(&identityv1.PackAdopted{Version: 2, Digest: "b"}).
		When(packs.Adopt{Version: 1, Digest: "a"}).ThenNothing()
}
