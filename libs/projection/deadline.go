package projection

import (
	"context"
	"time"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Deadlines derive what is due from events and carry it out when the clock has
// reached it. The items are a read model "due" like any other:
// rm_due.items(stream, kind, due_at).
type Deadlines struct {
	// Derive returns what a fact sets or clears.
	Derive func(f eventstore.Fact) []DueChange
	// Do carries out what is due. Decide ignores it when it no longer applies;
	// then the item is not offered again.
	Do func(ctx context.Context, d Due) error
}

// Due is one thing that must happen at an instant.
type Due struct {
	Stream string
	Kind   string
	At     time.Time
	// Position is the own event that set the deadline.
	Position int64
}

// DueChange sets a deadline, or clears it when At is zero.
type DueChange struct {
	Stream string
	Kind   string
	At     time.Time
}
