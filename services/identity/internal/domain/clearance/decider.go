package clearance

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// Items that facts settle.
const (
	Accounts = "accounts"
	Grants   = "grants"
)

// The kinds of a case.
const (
	// Departure is what the end of an employment opens.
	Departure = "departure"
	// Transfer is what the notice of a transfer opens.
	Transfer = "transfer"
)

// facts are the items of each kind that events of the running services settle.
// A transfer asks for those of the old post only: the account stays.
var facts = map[string][]string{
	Departure: {Accounts, Grants},
	Transfer:  {Grants},
}

// Status is how far a case is.
type Status uint8

// The states of a case.
const (
	None Status = iota
	Open
	Closed
)

// State is one case.
type State struct {
	ID       string
	PersonID string
	Number   string
	Kind     string
	Items    []string
	Settled  map[string]bool
	Status   Status
	GateOpen bool
}

// Command is one of OpenCase, Settle, Record, Waive and Cancel.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// The refusals of a case.
var (
	// ErrNoCase says that there is no case.
	ErrNoCase = fault.New(fault.NotFound, "CLEARANCE_NOT_FOUND",
		"There is no clearance case for this person; one opens when the employment ends or a transfer is noticed.",
		"该人员没有清算，离职或收到调岗通知时将自动开启。")
	// ErrClosed says that the case is over.
	ErrClosed = fault.New(fault.Refused, "CLEARANCE_CLOSED",
		"This clearance case is closed; nothing can be recorded any more.",
		"该清算已关闭，不能再登记。")
	// ErrUnknownItem says that the case has no such item.
	ErrUnknownItem = fault.New(fault.NotFound, "CLEARANCE_ITEM_UNKNOWN",
		"The case has no such item; see clearance show for its items.",
		"清算中没有该事项，请用 clearance show 查看事项。")
	// ErrSettledByFacts says that no human may tick this item.
	ErrSettledByFacts = fault.New(fault.Refused, "CLEARANCE_SETTLED_BY_FACTS",
		"This item is settled by what the systems report; wait for it, or waive it with a reason.",
		"该事项由系统事实确认，请等待，或说明理由后豁免。")
	// ErrReason says that a reason is missing.
	ErrReason = fault.New(fault.Invalid, "REASON_REQUIRED",
		"Give a reason.", "请填写理由。")
)

// Decider is the behaviour of a case.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where a case is.
func Stream(id string) string { return "clearance-" + id }

// Decide says what happens when the command meets the case.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the case after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *identityv1.ClearanceOpened:
		return State{
			ID: e.GetCaseId(), PersonID: e.GetPersonId(), Number: e.GetEmployeeNumber(), Kind: e.GetKind(),
			Items: e.GetItems(), Settled: map[string]bool{}, Status: Open,
		}
	case *identityv1.ClearanceRecorded:
		return s.settle(e.GetItem())
	case *identityv1.ClearanceWaived:
		return s.settle(e.GetItem())
	case *identityv1.ClearanceCancelled:
		s.Status = Closed
	case *identityv1.HrGateOpened:
		s.Status, s.GateOpen = Closed, true
	}
	return s
}

// Missing are the items that are still open.
func (s State) Missing() []string {
	return slices.DeleteFunc(slices.Clone(s.Items), func(item string) bool { return s.Settled[item] })
}

func (s State) settle(item string) State {
	s.Settled = maps.Clone(s.Settled)
	s.Settled[item] = true
	return s
}

// byFact tells whether events settle the item.
func (s State) byFact(item string) bool { return slices.Contains(facts[s.Kind], item) }

// with appends the opening of the gate when the event settles the last item:
// both are one decision, so that nobody sees a settled case with a shut gate.
func (s State) with(event proto.Message) []proto.Message {
	if len(Evolve(s, event).Missing()) > 0 {
		return []proto.Message{event}
	}
	return []proto.Message{event, &identityv1.HrGateOpened{PersonId: s.PersonID, EmployeeNumber: s.Number, CaseId: s.ID, Kind: s.Kind}}
}
