package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/domain/packs"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
)

// WhenPackActivatedReassignCases enforces a pack, and gives the cases that wait
// to whoever holds functions, units and applications by it. Their routes stay
// (APR-007).
func WhenPackActivatedReassignCases(c *Cases) messaging.Policy {
	p := messaging.Policy{Name: "when_pack_activated_reassign_cases", Source: "policy", On: []proto.Message{&policyv1.PackActivated{}}}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*policyv1.PackActivated)
		m := messaging.CausedBy(c.Service, f)
		m.PolicyDigest = e.GetDigest()
		if err := c.keep(ctx, p.Command(f, packs.Stream), m,
			packs.Enforce{Version: e.GetVersion(), Digest: e.GetDigest(), EffectiveAt: f.EffectiveAt}); err != nil {
			return err
		}
		if err := c.caughtUp(ctx); err != nil {
			return err
		}
		cases, err := readmodel.Waiting(ctx, c.Pool)
		if err != nil {
			return err
		}
		return c.reassignAll(ctx, p, f, cases, approvalcase.CauseAuthority)
	}
	return p
}
