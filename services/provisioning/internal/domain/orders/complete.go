package orders

import (
	"strconv"

	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Complete says that an order is carried out, with what the target showed on a
// fresh connection as evidence.
type Complete struct {
	OrderID  string
	ReadBack *provisioningv1.ReadBack
}

// The refusals of Complete.
var (
	// ErrUnknownOrder says that the lane has no such order.
	ErrUnknownOrder = fault.New(fault.NotFound, "PROVISIONING_ORDER_UNKNOWN",
		"There is no such order for this account on this target; list the orders.",
		"该账号在此目标系统上没有这条开通指令，请先查询指令列表。")
	// ErrOutOfTurn says that an older order of the account is still open.
	ErrOutOfTurn = fault.New(fault.Conflict, "PROVISIONING_OUT_OF_TURN",
		"An older order of this account is still open; carry that out first.",
		"该账号还有更早的指令未完成，请先执行更早的指令。")
	// ErrNotShown says that the target does not show what was ordered.
	ErrNotShown = fault.New(fault.Refused, "PROVISIONING_NOT_SHOWN",
		"The target does not show what was ordered; apply the order again and read back.",
		"目标系统回读结果与指令不符，请重新执行后再次回读。")
)

func (c Complete) decide(s State) ([]proto.Message, error) {
	e, ok := s.find(c.OrderID)
	switch {
	case !ok:
		return nil, ErrUnknownOrder.With("order", c.OrderID)
	case e.Status != Open:
		return nil, nil // confirmed before, or overtaken by the removal of its grant
	case !s.inTurn(e.Ordered):
		return nil, ErrOutOfTurn.With("order", c.OrderID)
	case !s.Shown(e.Ordered, c.ReadBack):
		return nil, ErrNotShown.With("order", c.OrderID).
			With("login", strconv.FormatBool(c.ReadBack.GetLogin())).
			With("member", strconv.FormatBool(c.ReadBack.GetMember())).
			With("backends", strconv.Itoa(int(c.ReadBack.GetBackends())))
	}
	o := e.Ordered
	return []proto.Message{&provisioningv1.ProvisioningCompleted{
		PersonId: o.GetPersonId(), EmployeeNumber: o.GetEmployeeNumber(), OrderId: o.GetOrderId(), GrantId: o.GetGrantId(),
		Target: o.GetTarget(), Account: o.GetAccount(), Application: o.GetApplication(), Role: o.GetRole(),
		Operation: o.GetOperation(), ReadBack: c.ReadBack, Turn: o.GetTurn(),
	}}, nil
}

// Shown tells whether what was seen shows what was ordered. A removal is shown
// by absence: a sign-in that somebody shut is no reason to doubt it. Connections
// count where a right was taken: they might still use it.
func (s State) Shown(o *provisioningv1.ProvisioningOrdered, seen *provisioningv1.ReadBack) bool {
	if seen == nil {
		return false
	}
	want := s.Want(o)
	if o.GetOperation() == Add {
		return seen.GetExists() && seen.GetLogin() && seen.GetMember()
	}
	return (want.Login || !seen.GetLogin()) && (want.Member || !seen.GetMember()) &&
		(want.Member || seen.GetBackends() == 0)
}
