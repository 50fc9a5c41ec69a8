// Package admission keeps which system a target was when it was first reached:
// stream target-<target>. Another system behind the same name is recorded anew,
// because what was confirmed on the old one says nothing about it (PRV-006).
package admission

import (
	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

// State is the target as last reached.
type State struct {
	Kind   string
	System string
}

// Admit says that a target was reached and may be used.
type Admit struct {
	Target string
	Kind   string
	System string
}

// Stream is the target's stream.
func Stream(target string) string { return "target-" + target }

// Decide records a system that was not seen behind the target before.
func Decide(s State, c Admit) ([]proto.Message, error) {
	if s == (State{Kind: c.Kind, System: c.System}) {
		return nil, nil
	}
	return []proto.Message{&provisioningv1.TargetAdmitted{Target: c.Target, Kind: c.Kind, System: c.System}}, nil
}

// Evolve returns the target after an event.
func Evolve(s State, event proto.Message) State {
	if e, ok := event.(*provisioningv1.TargetAdmitted); ok {
		return State{Kind: e.GetKind(), System: e.GetSystem()}
	}
	return s
}
