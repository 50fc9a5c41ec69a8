package policy

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// WhenUnitMovedMoveMembers gives everybody in a unit that has another path, or
// is part of another, the post with that path: a post names its unit.
func WhenUnitMovedMoveMembers(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_unit_moved_move_members", Source: p.Service,
		On: []proto.Message{&identityv1.OrgUnitMoved{}, &identityv1.OrgUnitMerged{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		var path, to []string
		switch e := f.Message.(type) {
		case *identityv1.OrgUnitMoved:
			path, to = e.GetPath(), e.GetTo()
		case *identityv1.OrgUnitMerged:
			path, to = e.GetPath(), e.GetInto()
		}
		if err := p.Projected(ctx, f.Position); err != nil {
			return fmt.Errorf("wait for the read model: %w", err)
		}
		members, err := readmodel.Members(ctx, p.Pool, path)
		if err != nil {
			return err
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(inFlight)
		for _, number := range members {
			g.Go(func() error { return moveMember(ctx, p, policy, f, number, path, to) })
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("move members: %w", err)
		}
		return nil
	}
	return policy
}

func moveMember(ctx context.Context, p *servicekit.Platform, policy messaging.Policy, f eventstore.Fact, number string, path, to []string) error {
	stream := person.Stream(number)
	s, _, err := eventstore.Load(ctx, p.Journal, person.Decider, stream)
	if err != nil {
		return err
	}
	unit := s.Post.GetUnit()
	if s.Status != person.Active && s.Status != person.Leaving || !slices.Equal(unit, path) && !orgchart.Below(unit, path) {
		return nil
	}
	post := proto.CloneOf(s.Post)
	post.Unit = append(slices.Clone(to), unit[len(path):]...)
	_, err = eventstore.Execute(ctx, p.Journal, person.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
		person.Command(person.Move{Details: s.Details, Post: post, At: f.RecordedAt, Reason: "unit_moved", Now: p.Clock.Now()}))
	return err
}
