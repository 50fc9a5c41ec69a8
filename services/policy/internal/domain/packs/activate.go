package packs

import (
	"time"

	"google.golang.org/protobuf/proto"
)

// Activate lets a pack hold whose time has come.
type Activate struct {
	// Active is the pack that holds now.
	Active Active
	Now    time.Time
}

func (c Activate) decide(s State) ([]proto.Message, error) { return s.activation(c.Active, c.Now), nil }
