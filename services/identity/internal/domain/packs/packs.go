// Package packs remembers which policy packs this service has taken in, stream
// pack-adopted.
package packs

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Stream is where the packs are.
const Stream = "pack-adopted"

// State is the newest pack that was taken in.
type State struct {
	Version int64
	Digest  string
}

// Command is Adopt.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Decider is the behaviour of the packs.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Decide says what happens when the command meets the packs.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the packs after an event.
func Evolve(s State, event proto.Message) State {
	if e, ok := event.(*identityv1.PackAdopted); ok {
		return State{Version: e.GetVersion(), Digest: e.GetDigest()}
	}
	return s
}

// Adopt takes in a pack that was published.
type Adopt struct {
	Version int64
	Digest  string
}

func (c Adopt) decide(s State) ([]proto.Message, error) {
	if s.Version >= c.Version {
		return nil, nil
	}
	return []proto.Message{&identityv1.PackAdopted{Version: c.Version, Digest: c.Digest}}, nil
}
