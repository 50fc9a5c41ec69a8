package policy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

var holdingsDecider = eventstore.Decider[holdings.State, holdings.Command]{Decide: holdings.Decide, Evolve: holdings.Evolve}

// Alignment keeps the birthrights of people in step with posts and pack.
type Alignment struct {
	// Service is the name of this service.
	Service string
	// Journal holds the holdings.
	Journal *eventstore.Journal
	// Packs knows the pack in force.
	Packs *PackInForce
}

// note takes in a post and leaves the person aligned with the pack in force.
func (a *Alignment) note(ctx context.Context, p messaging.Policy, f eventstore.Fact, c holdings.NotePost) error {
	rules, err := a.Packs.Current(ctx)
	if err != nil {
		return err
	}
	stream := holdings.Stream(c.PersonID)
	command := p.Command(f, stream)
	c.SourcePosition = f.Position
	c.Pack = holdings.Pack{Version: rules.Version, EffectiveAt: rules.EffectiveAt}
	c.Duties = duties(rules)
	c.Birthrights = birthrights(rules, command.ID, pack.Post{Position: c.Position, Unit: c.Unit, Kind: c.Kind, Attributes: c.Attributes})
	r, err := a.decide(ctx, stream, command, a.meta(f, rules), c)
	if err != nil {
		return fmt.Errorf("note the post in %s: %w", stream, err)
	}
	seen := rules.Version
	if r.Replayed {
		seen = never // whatever it derived from the first time
	}
	return a.follow(ctx, p, f, c.PersonID, time.Time{}, seen)
}

// never is a version that no pack has.
const never = -1

// follow realigns a person until the pack by which that was done is the one in
// force. seen is the version by which it was last done; freed is when a removal
// was confirmed that is the reason, if one is.
func (a *Alignment) follow(ctx context.Context, p messaging.Policy, f eventstore.Fact, person string, freed time.Time, seen int64) error {
	for {
		rules, err := a.Packs.Current(ctx)
		if err != nil {
			return err
		}
		if rules.Version == seen || rules.Version == 0 {
			return nil
		}
		if err := a.realign(ctx, p, f, person, freed, rules); err != nil {
			return err
		}
		seen = rules.Version
	}
}

func (a *Alignment) realign(ctx context.Context, p messaging.Policy, f eventstore.Fact, person string, freed time.Time, rules Rules) error {
	stream := holdings.Stream(person)
	s, _, err := eventstore.Load(ctx, a.Journal, holdingsDecider, stream)
	if err != nil {
		return err
	}
	if !s.Employed() {
		return nil
	}
	// One event may lead to several realignments of a person, by one pack each.
	p.Name += "@" + strconv.FormatInt(rules.Version, 10)
	command := p.Command(f, stream)
	c := holdings.Realign{
		PostPosition: s.Post.GetSourcePosition(),
		Pack:         holdings.Pack{Version: rules.Version, EffectiveAt: rules.EffectiveAt},
		Birthrights:  birthrights(rules, command.ID, post(s.Post)),
		Duties:       duties(rules),
		Freed:        freed,
	}
	if _, err := a.decide(ctx, stream, command, a.meta(f, rules), c); err != nil {
		return fmt.Errorf("realign %s: %w", stream, err)
	}
	return nil
}

// decide carries a command out on a person's holdings.
func (a *Alignment) decide(ctx context.Context, stream string, command eventstore.Command, m eventstore.Metadata, c holdings.Command) (eventstore.Result, error) {
	return eventstore.Execute(ctx, a.Journal, holdingsDecider, stream, command, m, c)
}

// meta says that the event is the cause and the pack the reason.
func (a *Alignment) meta(f eventstore.Fact, rules Rules) eventstore.Metadata {
	m := messaging.CausedBy(a.Service, f)
	m.PolicyDigest = rules.Digest
	return m
}

// birthrights are what the rules give to a post. The grant ids follow from the
// command, so that repeating it means the same grants.
func birthrights(rules Rules, command string, post pack.Post) []holdings.Birthright {
	if rules.Pack == nil {
		return nil
	}
	var due []holdings.Birthright
	for _, b := range rules.Pack.Birthrights(post) {
		due = append(due, holdings.Birthright{
			Application: b.Application, Role: b.Role, Rule: b.Rule, Target: b.Target,
			GrantID: "grt_" + uuid.NewSHA1(uuid.MustParse(command), []byte(b.Application+"/"+b.Role)).String(),
		})
	}
	return due
}

// duties are the rules about what nobody holds together.
func duties(rules Rules) []holdings.DutyRule {
	if rules.Pack == nil {
		return nil
	}
	var all []holdings.DutyRule
	for _, r := range rules.Pack.DutyRules {
		d := holdings.DutyRule{ID: r.ID}
		for _, g := range r.Forbid {
			d.Apart = append(d.Apart, g.String())
		}
		all = append(all, d)
	}
	return all
}

func post(p *accessv1.PostNoted) pack.Post {
	return pack.Post{Position: p.GetPosition(), Unit: slices.Clone(p.GetUnit()), Kind: p.GetKind(), Attributes: p.GetAttributes()}
}
