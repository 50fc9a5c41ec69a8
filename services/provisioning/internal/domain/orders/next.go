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

// Next are the orders that may be carried out now: first the oldest that is not
// stuck, then those that older attempts left stuck, the oldest first. When one
// of these is tried again is for the caller, who knows the attempts.
//
// Orders of one right keep their order whatever happens. An addition never
// passes a removal: it could open an account whose right is still to be taken.
func (s State) Next() []*provisioningv1.ProvisioningOrdered {
	var again []*provisioningv1.ProvisioningOrdered
	held, removal := map[right]bool{}, false
	for _, e := range s.Entries {
		if e.Status != Open {
			continue
		}
		of, add := rightOf(e.Ordered), e.Ordered.GetOperation() == Add
		waits := held[of] || removal && add
		held[of], removal = true, removal || !add
		switch {
		case waits:
		case !e.stuck():
			return slices.Insert(again, 0, e.Ordered)
		default:
			again = append(again, e.Ordered)
		}
	}
	return again
}

// inTurn tells whether an open order may be carried out. The oldest may at any
// time: an attempt may have been on its way when another overtook it.
func (s State) inTurn(o *provisioningv1.ProvisioningOrdered) bool {
	oldest := slices.IndexFunc(s.Entries, func(e Entry) bool { return e.Status == Open })
	return oldest >= 0 && o.GetOrderId() == s.Entries[oldest].Ordered.GetOrderId() ||
		slices.ContainsFunc(s.Next(), func(next *provisioningv1.ProvisioningOrdered) bool { return next.GetOrderId() == o.GetOrderId() })
}

// stuck tells whether an order cannot be carried out for a reason of its own.
func (e Entry) stuck() bool { return e.Failures[reasonRefused] || e.Failures[reasonNotChanged] }

// right is what an order gives or takes.
type right struct{ application, role string }

func rightOf(o *provisioningv1.ProvisioningOrdered) right {
	return right{o.GetApplication(), o.GetRole()}
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
		if e.Ordered.GetOperation() != Add || e.Status != Completed {
			continue
		}
		if _, taken := s.removal(e.Ordered.GetGrantId(), e.Ordered.GetTurn()); taken {
			continue
		}
		w.Login = true
		if rightOf(e.Ordered) == rightOf(o) {
			w.Member = true
		}
	}
	return w
}
