// Package packs keeps how targets are addressed: stream pack-adopted. A pack is
// adopted when policy has published it and enforced when policy has activated
// it; its targets are copied into both events, so that nothing else is asked
// when an order is to be carried out.
package packs

import (
	"maps"

	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Stream is where the packs are.
const Stream = "pack-adopted"

// State is what this service knows of packs.
type State struct {
	adopted  map[int64]*provisioningv1.PackAdopted
	enforced int64
	inForce  map[string]*provisioningv1.TargetDefinition
	named    map[string]*provisioningv1.TargetDefinition
}

// Command is Adopt or Enforce.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Adopt takes in a pack that was published.
type Adopt struct {
	Version int64
	Digest  string
	Targets []*provisioningv1.TargetDefinition
}

// Enforce makes an adopted pack decide.
type Enforce struct {
	Version int64
	Digest  string
}

// ErrNotAdopted says that a pack is to be enforced that was never taken in.
var ErrNotAdopted = fault.New(fault.Refused, "PACK_NOT_ADOPTED",
	"This service has not taken this pack in; let policy publish it again.",
	"本服务尚未接收该策略包，请由策略服务重新发布。")

// Decide says what happens when the command meets the packs.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

func (c Adopt) decide(s State) ([]proto.Message, error) {
	if a := s.adopted[c.Version]; a != nil && a.GetDigest() == c.Digest {
		return nil, nil
	}
	return []proto.Message{&provisioningv1.PackAdopted{Version: c.Version, Digest: c.Digest, Targets: c.Targets}}, nil
}

func (c Enforce) decide(s State) ([]proto.Message, error) {
	a := s.adopted[c.Version]
	switch {
	case a.GetDigest() != c.Digest:
		return nil, ErrNotAdopted.With("digest", c.Digest)
	case c.Version <= s.enforced:
		return nil, nil
	}
	return []proto.Message{&provisioningv1.PackEnforced{Version: c.Version, Digest: c.Digest, Targets: a.GetTargets()}}, nil
}

// Evolve returns the packs after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *provisioningv1.PackAdopted:
		s.adopted = with(s.adopted, e.GetVersion(), e)
		for _, t := range e.GetTargets() {
			s.named = with(s.named, t.GetTarget(), t)
		}
	case *provisioningv1.PackEnforced:
		s.enforced = e.GetVersion()
		for _, t := range e.GetTargets() {
			s.inForce = with(s.inForce, t.GetTarget(), t)
		}
	}
	return s
}

// Target tells how a target is addressed: as the pack in force says; if that
// does not name it, as the last one that did, so that rights can still be
// removed there; if none in force ever did, as an adopted pack says, whose
// grants may arrive before its activation does.
func (s State) Target(name string) (*provisioningv1.TargetDefinition, bool) {
	if t, ok := s.inForce[name]; ok {
		return t, true
	}
	t, ok := s.named[name]
	return t, ok
}

func with[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}
