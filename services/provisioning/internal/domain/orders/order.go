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
	if s.ordered(c.GrantID, c.Operation) {
		return nil, nil // the same grant was announced before
	}
	events := []proto.Message{&provisioningv1.ProvisioningOrdered{
		PersonId: c.PersonID, EmployeeNumber: c.EmployeeNumber, OrderId: c.OrderID, GrantId: c.GrantID,
		Target: c.Target, Account: c.Account, Application: c.Application, Role: c.Role, Operation: c.Operation,
	}}
	if c.Operation == Add {
		if removal, ok := s.removal(c.GrantID); ok {
			events = append(events, cancelled(events[0].(*provisioningv1.ProvisioningOrdered), removal))
		}
		return events, nil
	}
	for _, e := range s.Entries {
		if e.Status == Open && e.Ordered.GetOperation() == Add && e.Ordered.GetGrantId() == c.GrantID {
			events = append(events, cancelled(e.Ordered, c.OrderID))
		}
	}
	return events, nil
}

func (s State) ordered(grant, operation string) bool {
	for _, e := range s.Entries {
		if e.Ordered.GetGrantId() == grant && e.Ordered.GetOperation() == operation {
			return true
		}
	}
	return false
}

// removal returns the order that removes the grant.
func (s State) removal(grant string) (string, bool) {
	for _, e := range s.Entries {
		if e.Ordered.GetGrantId() == grant && e.Ordered.GetOperation() == Remove {
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
