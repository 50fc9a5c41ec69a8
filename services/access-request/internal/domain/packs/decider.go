// Package packs keeps by which rules this service decides: stream pack-adopted.
// A pack is adopted when policy has published it and enforced when policy has
// activated it. The body is kept with both, so that enforcing a pack asks
// nobody and the pack in force is known again after a restart.
package packs

import (
	"bytes"
	"maps"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Stream is where the packs are.
const Stream = "pack-adopted"

// State is what this service knows of packs.
type State struct {
	// Adopted are the packs taken in, by version. The map is never changed.
	Adopted map[int64]*accessv1.PackAdopted
	// InForce is the pack that decides; nil if none does.
	InForce *accessv1.PackEnforced
}

// Command is Adopt or Enforce.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Adopt takes in a pack that was published.
type Adopt struct {
	Version int64
	Digest  string
	Body    []byte
}

// Enforce makes an adopted pack decide.
type Enforce struct {
	Version     int64
	Digest      string
	EffectiveAt time.Time
}

// ErrNotAdopted says that a pack is to be enforced that was never taken in.
var ErrNotAdopted = fault.New(fault.Refused, "PACK_NOT_ADOPTED",
	"This service has not taken this pack in; let policy publish it again.",
	"本服务尚未接收该策略包，请由策略服务重新发布。")

// Decide says what happens when the command meets the packs.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

func (c Adopt) decide(s State) ([]proto.Message, error) {
	if a := s.Adopted[c.Version]; a != nil && a.GetDigest() == c.Digest && bytes.Equal(a.GetBody(), c.Body) {
		return nil, nil
	}
	return []proto.Message{&accessv1.PackAdopted{Version: c.Version, Digest: c.Digest, Body: c.Body}}, nil
}

func (c Enforce) decide(s State) ([]proto.Message, error) {
	a := s.Adopted[c.Version]
	switch {
	case a.GetDigest() != c.Digest:
		return nil, ErrNotAdopted.With("digest", c.Digest)
	case c.Version <= s.InForce.GetVersion():
		return nil, nil // a later pack was faster
	}
	return []proto.Message{&accessv1.PackEnforced{
		Version: c.Version, Digest: c.Digest, Body: a.GetBody(), EffectiveAt: timestamppb.New(c.EffectiveAt),
	}}, nil
}

// Evolve returns the packs after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *accessv1.PackAdopted:
		s.Adopted = maps.Clone(s.Adopted)
		if s.Adopted == nil {
			s.Adopted = map[int64]*accessv1.PackAdopted{}
		}
		s.Adopted[e.GetVersion()] = e
	case *accessv1.PackEnforced:
		s.InForce = e
	}
	return s
}
