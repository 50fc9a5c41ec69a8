package orders

import (
	"slices"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

// Failures that concern one order; the others concern the whole target, where
// nothing could be done for anybody.
const (
	reasonRefused    = "TARGET_REFUSED"
	reasonNotChanged = "TARGET_NOT_CHANGED"
)

// Next is the order to carry out now: the oldest open one, or, while that is
// an addition that cannot be given, the oldest open removal.
func (s State) Next() (*provisioningv1.ProvisioningOrdered, bool) {
	oldest, ok := s.oldest(Add, Remove)
	if !ok {
		return nil, false
	}
	if removal, ok := s.oldest(Remove); ok && stuck(oldest) {
		return removal.Ordered, true
	}
	return oldest.Ordered, true
}

// inTurn tells whether an open order may be carried out. The oldest may at any
// time: an attempt may have been on its way when a removal overtook it.
func (s State) inTurn(o *provisioningv1.ProvisioningOrdered) bool {
	oldest, _ := s.oldest(Add, Remove)
	next, _ := s.Next()
	return o.GetOrderId() == oldest.Ordered.GetOrderId() || o.GetOrderId() == next.GetOrderId()
}

// oldest returns the first open order with one of the operations.
func (s State) oldest(operations ...string) (Entry, bool) {
	i := slices.IndexFunc(s.Entries, func(e Entry) bool {
		return e.Status == Open && slices.Contains(operations, e.Ordered.GetOperation())
	})
	if i < 0 {
		return Entry{}, false
	}
	return s.Entries[i], true
}

// stuck tells whether an entry is an addition that cannot be given.
func stuck(e Entry) bool {
	return e.Ordered.GetOperation() == Add && (e.Failures[reasonRefused] || e.Failures[reasonNotChanged])
}

// Want is what the target must show once an order is carried out.
type Want struct {
	// Member says that the account has the order's right.
	Member bool
	// Login says that the account may sign in.
	Login bool
}

// Want derives from the whole lane what the target must show after an order.
// After a removal, what counts is what was really given and is not to be
// removed, by this or by a later order: a leaver's account is shut with the
// first of the removals.
func (s State) Want(o *provisioningv1.ProvisioningOrdered) Want {
	if o.GetOperation() == Add {
		return Want{Member: true, Login: true}
	}
	var w Want
	for _, e := range s.Entries {
		if e.Ordered.GetOperation() != Add || e.Status != Completed || s.ordered(e.Ordered.GetGrantId(), Remove) {
			continue
		}
		w.Login = true
		if e.Ordered.GetApplication() == o.GetApplication() && e.Ordered.GetRole() == o.GetRole() {
			w.Member = true
		}
	}
	return w
}
