package orders

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

// Operations of an order.
const (
	Add    = "add"
	Remove = "remove"
)

// Status is how far one order is.
type Status uint8

// The states of an order.
const (
	Open Status = iota + 1
	Completed
	Cancelled
)

// Entry is one order of the lane.
type Entry struct {
	// Ordered is what was asked for.
	Ordered *provisioningv1.ProvisioningOrdered
	// Status is how far it is.
	Status Status
	// Failures are the kinds of failure that were recorded for it.
	Failures map[string]bool
}

// State is the lane, oldest order first.
type State struct {
	Entries []Entry
}

// Command is one of Order, Complete and RecordFailure.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Decide says what happens when the command meets the lane.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the lane after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *provisioningv1.ProvisioningOrdered:
		s.Entries = append(slices.Clip(s.Entries), Entry{Ordered: e, Status: Open})
	case *provisioningv1.ProvisioningFailed:
		return s.with(e.GetOrderId(), func(o *Entry) {
			o.Failures = maps.Clone(o.Failures)
			if o.Failures == nil {
				o.Failures = map[string]bool{}
			}
			o.Failures[e.GetReason()] = true
		})
	case *provisioningv1.ProvisioningCompleted:
		return s.with(e.GetOrderId(), func(o *Entry) { o.Status = Completed })
	case *provisioningv1.ProvisioningCancelled:
		return s.with(e.GetOrderId(), func(o *Entry) { o.Status = Cancelled })
	}
	return s
}

// Stream is the lane's name.
func Stream(target, account string) string { return "orders-" + target + "/" + account }

// with returns the lane with one entry changed.
func (s State) with(order string, change func(*Entry)) State {
	entries := slices.Clone(s.Entries)
	for i := range entries {
		if entries[i].Ordered.GetOrderId() == order {
			change(&entries[i])
		}
	}
	return State{Entries: entries}
}

// Open tells whether an order is still to be carried out.
func (s State) Open(order string) bool {
	e, ok := s.find(order)
	return ok && e.Status == Open
}

// find returns the entry with this order id.
func (s State) find(order string) (Entry, bool) {
	i := slices.IndexFunc(s.Entries, func(e Entry) bool { return e.Ordered.GetOrderId() == order })
	if i < 0 {
		return Entry{}, false
	}
	return s.Entries[i], true
}
