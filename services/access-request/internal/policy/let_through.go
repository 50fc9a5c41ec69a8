package policy

import (
	"context"
	"fmt"
	"time"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// letThrough gives what the removal of a grant has let through: first what was
// asked for and signed, then suspended grants whose time is over, then
// birthrights (ACR-030). A delivery that is repeated does it again; what was
// given by the first one is there, so that writes nothing.
func (r *Requests) letThrough(ctx context.Context, p messaging.Policy, f eventstore.Fact, person, grant string) error {
	stream := holdings.Stream(person)
	s, _, err := eventstore.Load(ctx, r.Journal, holdingsDecider, stream)
	if err != nil {
		return err
	}
	freed := s.Freed(grant)
	if err := r.giveWaiting(ctx, p, f, stream, freed.Waiting); err != nil {
		return err
	}
	if !freed.Birthrights {
		return nil
	}
	return r.follow(ctx, p, f, person, f.EffectiveAt, never)
}

// enforce brings a person in step with a pack, in the same order: a rule that it
// drops lets through what waited because of it (ACR-030).
func (r *Requests) enforce(ctx context.Context, p messaging.Policy, f eventstore.Fact, person string) error {
	stream := holdings.Stream(person)
	s, _, err := eventstore.Load(ctx, r.Journal, holdingsDecider, stream)
	if err != nil {
		return err
	}
	if err := r.giveWaiting(ctx, p, f, stream, s.Waiting()); err != nil {
		return err
	}
	return r.follow(ctx, p, f, person, time.Time{}, never)
}

// giveWaiting looks again at what waits for a removal.
func (r *Requests) giveWaiting(ctx context.Context, p messaging.Policy, f eventstore.Fact, stream string, w holdings.Waiting) error {
	if err := r.beginDelayed(ctx, p, f, stream, w.Requests); err != nil {
		return err
	}
	return r.endSuspensions(ctx, p, f, stream, w.Grants)
}

// beginDelayed gives what was signed and waited. The cause of a grant is the
// delay, which follows from the signatures. Each is a command of its own: a
// request that waits still does not hold back another.
func (r *Requests) beginDelayed(ctx context.Context, p messaging.Policy, f eventstore.Fact, stream string, requests []string) error {
	if len(requests) == 0 {
		return nil
	}
	rules, err := r.Packs.Current(ctx)
	if err != nil {
		return err
	}
	facts, err := r.Journal.Stream(ctx, stream)
	if err != nil {
		return err
	}
	var s holdings.State
	delays := map[string]eventstore.Fact{}
	for _, past := range facts {
		s = holdings.Evolve(s, past.Message)
		if e, ok := past.Message.(*accessv1.AccessRequestDelayed); ok {
			delays[e.GetRequestId()] = past
		}
	}
	for _, id := range requests {
		command := step(p, begins+id, f, stream)
		c, err := r.beginning(s.Requests[id].Requested, command.ID, rules)
		if err != nil {
			return err
		}
		if _, err := r.decide(ctx, stream, command, r.meta(delays[id], rules), c); err != nil {
			return fmt.Errorf("begin %s in %s: %w", id, stream, err)
		}
	}
	return nil
}

// endSuspensions lets suspended grants come back whose time is over.
func (r *Requests) endSuspensions(ctx context.Context, p messaging.Policy, f eventstore.Fact, stream string, grants []string) error {
	if len(grants) == 0 {
		return nil
	}
	rules, err := r.Packs.Current(ctx)
	if err != nil {
		return err
	}
	for _, id := range grants {
		c := holdings.EndSuspension{GrantID: id, Duties: rules.DutyRules(), Now: r.Clock.Now()}
		if _, err := r.decide(ctx, stream, step(p, reinstates+id, f, stream), r.meta(f, rules), c); err != nil {
			return fmt.Errorf("end the suspension of %s in %s: %w", id, stream, err)
		}
	}
	return nil
}

// step is one of several commands that follow from one delivery.
func step(p messaging.Policy, name string, f eventstore.Fact, stream string) eventstore.Command {
	p.Name += "/" + name
	return p.Command(f, stream)
}

// beginning is the command that gives what was asked for and signed.
func (r *Requests) beginning(q *accessv1.AccessRequested, command string, rules Rules) (holdings.Command, error) {
	now := r.Clock.Now()
	offer, err := rules.Offer(q.GetApplication(), q.GetRole(), now, r.Zone)
	if err != nil {
		return nil, err
	}
	return holdings.BeginGrant{
		RequestID: q.GetRequestId(), GrantID: grantID(command), Offer: offer, Duties: rules.DutyRules(), Pack: rules.InForce(), Now: now,
	}, nil
}
