package orders

import (
	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Order asks for one change on a target, because of a grant or its end.
type Order struct {
	OrderID        string
	PersonID       string
	EmployeeNumber string
	GrantID        string
	Target         string
	Account        string
	Application    string
	Role           string
	Operation      string // Add or Remove
	// Turn is the turn of the grant that the order is about: a suspended grant
	// loses its right in one, and has it back in the next.
	Turn int32
}

// ErrIncomplete says that an order lacks something that the target needs.
var ErrIncomplete = fault.New(fault.Invalid, "PROVISIONING_ORDER_INCOMPLETE",
	"The order does not name grant, target, account, application, role and operation; mend the event that it follows from.",
	"开通指令缺少授权、目标系统、账号、应用、角色或操作，请修正其来源事件。")

func (c Order) decide(s State) ([]proto.Message, error) {
	if c.OrderID == "" || c.GrantID == "" || c.Target == "" || c.Account == "" || c.EmployeeNumber == "" ||
		c.Application == "" || c.Role == "" || (c.Operation != Add && c.Operation != Remove) {
		return nil, ErrIncomplete.With("grant", c.GrantID)
	}
	if s.ordered(c.GrantID, c.Operation, c.Turn) {
		return nil, nil // the same turn of the grant was announced before
	}
	events := []proto.Message{&provisioningv1.ProvisioningOrdered{
		PersonId: c.PersonID, EmployeeNumber: c.EmployeeNumber, OrderId: c.OrderID, GrantId: c.GrantID,
		Target: c.Target, Account: c.Account, Application: c.Application, Role: c.Role, Operation: c.Operation, Turn: c.Turn,
	}}
	if c.Operation == Add {
		if removal, ok := s.removal(c.GrantID, c.Turn); ok {
			events = append(events, cancelled(events[0].(*provisioningv1.ProvisioningOrdered), removal))
		}
		return events, nil
	}
	for _, e := range s.Entries {
		if e.Status == Open && e.Ordered.GetOperation() == Add && e.Ordered.GetGrantId() == c.GrantID && e.Ordered.GetTurn() <= c.Turn {
			events = append(events, cancelled(e.Ordered, c.OrderID))
		}
	}
	return events, nil
}

func (s State) ordered(grant, operation string, turn int32) bool {
	for _, e := range s.Entries {
		if e.Ordered.GetGrantId() == grant && e.Ordered.GetOperation() == operation && e.Ordered.GetTurn() == turn {
			return true
		}
	}
	return false
}

// removal returns an order that removes the grant in a turn or after it.
func (s State) removal(grant string, turn int32) (string, bool) {
	for _, e := range s.Entries {
		if e.Ordered.GetGrantId() == grant && e.Ordered.GetOperation() == Remove && e.Ordered.GetTurn() >= turn {
			return e.Ordered.GetOrderId(), true
		}
	}
	return "", false
}

func cancelled(o *provisioningv1.ProvisioningOrdered, by string) *provisioningv1.ProvisioningCancelled {
	return &provisioningv1.ProvisioningCancelled{
		PersonId: o.GetPersonId(), EmployeeNumber: o.GetEmployeeNumber(), OrderId: o.GetOrderId(), GrantId: o.GetGrantId(),
		Target: o.GetTarget(), Account: o.GetAccount(), Application: o.GetApplication(), Role: o.GetRole(),
		Operation: o.GetOperation(), CancelledBy: by,
	}
}
