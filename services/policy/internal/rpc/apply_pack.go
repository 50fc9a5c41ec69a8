package rpc

import (
	"context"
	"fmt"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
	"github.com/ostiary/ostiary/services/policy/internal/readmodel"
)

var decider = eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}

// application is one call of ApplyPack: what was handed in and what is known.
type application struct {
	request *policyv1.ApplyPackRequest
	parsed  *pack.Pack
	digest  string
	last    int64          // version published last
	active  readmodel.Pack // the zero value if none holds
	reply   *policyv1.ApplyPackResponse
}

// ApplyPack takes a pack in: it is read, every service looks at it, it is
// published, and the call returns when it holds everywhere. With dry_run it
// ends before anything is recorded.
func (s *Server) ApplyPack(ctx context.Context, r *policyv1.ApplyPackRequest) (*policyv1.ApplyPackResponse, error) {
	if len(r.GetBody()) > packs.MaxBody {
		return nil, packs.TooLarge(len(r.GetBody()))
	}
	parsed, problems := pack.Parse(r.GetBody())
	if len(problems) > 0 {
		return nil, invalid(fromPack(problems))
	}
	a := &application{request: r, parsed: parsed, digest: pack.Digest(r.GetBody())}
	a.reply = &policyv1.ApplyPackResponse{Version: parsed.Version, Digest: a.digest}

	published, err := s.before(ctx, a)
	if err == nil && !published {
		err = s.publish(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	if r.GetDryRun() || a.reply.GetHeld() {
		return a.reply, nil
	}
	if err := s.await(ctx, a.reply); err != nil {
		return nil, err
	}
	return a.reply, s.Platform.Answer(ctx, a.reply.GetPosition())
}

// before tells whether this very pack was published before: then there is
// nothing to decide, and the call only waits until it holds.
func (s *Server) before(ctx context.Context, a *application) (bool, error) {
	if err := s.settle(ctx); err != nil {
		return false, err
	}
	last, published, err := readmodel.Last(ctx, s.Platform.Pool)
	if err != nil {
		return false, err
	}
	if a.active, _, err = readmodel.InForce(ctx, s.Platform.Pool); err != nil {
		return false, err
	}
	a.last = last.Version
	if published && last.Digest == a.digest || a.active.Digest == a.digest {
		return true, nil
	}
	// A repeated command was carried out, whatever has been published since.
	command, _, err := servicekit.Intent(ctx, packs.Stream(a.parsed.Version), a.request)
	if err != nil {
		return false, err
	}
	_, repeated, err := s.Platform.Journal.Store.Lookup(ctx, command)
	if err != nil || !repeated {
		return false, err
	}
	state, _, err := eventstore.Load(ctx, s.Platform.Journal, decider, packs.Stream(a.parsed.Version))
	return state.Published.GetDigest() == a.digest, err
}

// publish asks the services and records the pack, or that it is held.
func (s *Server) publish(ctx context.Context, a *application) error {
	// What would be refused is refused before anybody is asked, and again by the
	// decision, in case somebody publishes meanwhile.
	c := packs.Publish{
		Version: a.parsed.Version, Last: a.last, Digest: a.digest, EffectiveAt: a.parsed.Effective, Body: a.request.GetBody(),
		Subscribers: s.Subscribers, Confirm: a.request.GetConfirm(),
	}
	if _, err := packs.Decide(packs.State{}, c); err != nil {
		return err
	}
	v, err := s.validate(ctx, a.request.GetBody())
	if err != nil {
		return err
	}
	if len(v.problems) > 0 {
		return invalid(v.problems)
	}
	c.Foreseen = v.foreseen
	a.foresee(v)
	if a.request.GetDryRun() {
		return nil
	}
	stream := packs.Stream(a.parsed.Version)
	command, meta, err := servicekit.Intent(ctx, stream, a.request)
	if err != nil {
		return err
	}
	meta.PolicyDigest = a.active.Digest
	if _, err := eventstore.Execute(ctx, s.Platform.Journal, decider, stream, command, meta, packs.Command(c)); err != nil {
		return err
	}
	state, last, err := s.load(ctx, stream)
	if err != nil || state.Published.GetDigest() == a.digest {
		return err
	}
	a.reply.Held, a.reply.Position = true, last.Position
	return s.Platform.Answer(ctx, last.Position)
}

// foresee writes down what the pack changes.
func (a *application) foresee(v verdict) {
	a.reply.Warnings = v.warnings
	a.reply.GrantsGiven, a.reply.GrantsTaken, a.reply.GrantsHeld = v.foreseen.Given, v.foreseen.Taken, v.foreseen.Held
	// A pack that holds and that this binary cannot read is shown as if there
	// were none; it does not keep its successor from being applied.
	before, _ := pack.Parse(a.active.Body)
	a.reply.Diff = pack.Diff(before, a.parsed)
	if v.foreseen.TakesMany() {
		a.reply.Reason = fmt.Sprintf("it takes %d of %d birthrights, more than a tenth; confirm the digest to publish it", v.foreseen.Taken, v.foreseen.Held)
		a.reply.ReasonZh = fmt.Sprintf("将撤销 %d 项岗位授权（现有 %d 项），超过十分之一；如确认无误，请以摘要确认后发布", v.foreseen.Taken, v.foreseen.Held)
	}
}
