package clearance

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
)

// Record is a human's word that an item is settled.
type Record struct {
	Item   string
	Reason string
}

func (c Record) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Status == None:
		return nil, ErrNoCase
	case !slices.Contains(s.Items, c.Item):
		return nil, ErrUnknownItem.With("item", c.Item)
	case s.byFact(c.Item):
		return nil, ErrSettledByFacts.With("item", c.Item)
	case strings.TrimSpace(c.Reason) == "":
		return nil, ErrReason
	case s.Settled[c.Item]:
		return nil, nil // a repeated click is not an error
	case s.Status == Closed:
		return nil, ErrClosed
	}
	return s.with(s.recorded(c.Item, c.Reason)), nil
}
