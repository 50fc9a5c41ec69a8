package policy

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/packs"
)

// realignments is how many people are realigned at the same time; their
// appends share commits.
const realignments = 32

// People lists everybody who works here, once the read model shows the own
// position.
type People func(ctx context.Context, position int64) ([]string, error)

// WhenPackActivatedRealignEverybody enforces a pack, looks again at what waits
// for a removal, and then derives the birthrights of everybody anew. The package
// comment says why nobody is missed.
func WhenPackActivatedRealignEverybody(r *Requests, people People) messaging.Policy {
	p := messaging.Policy{
		Name:   "when_pack_activated_realign_everybody",
		Source: "policy",
		On:     []proto.Message{&policyv1.PackActivated{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*policyv1.PackActivated)
		m := messaging.CausedBy(r.Service, f)
		m.PolicyDigest = e.GetDigest()
		err := r.keep(ctx, p.Command(f, packs.Stream), m,
			packs.Enforce{Version: e.GetVersion(), Digest: e.GetDigest(), EffectiveAt: f.EffectiveAt})
		if err != nil {
			return err
		}
		rules, err := r.Packs.Current(ctx)
		if err != nil {
			return err
		}
		if rules.Version != e.GetVersion() {
			return nil // a later pack was faster, and realigns everybody itself
		}
		return r.everybody(ctx, p, f, people)
	}
	return p
}

func (r *Requests) everybody(ctx context.Context, p messaging.Policy, f eventstore.Fact, people People) error {
	enforced, err := r.Journal.Store.Head(ctx)
	if err != nil {
		return err
	}
	all, err := people(ctx, enforced)
	if err != nil {
		return fmt.Errorf("list everybody: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(realignments)
	for _, person := range all {
		g.Go(func() error { return r.enforce(ctx, p, f, person) })
	}
	return g.Wait()
}
