package orders_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
)

var rules = eventstore.Decider[orders.State, orders.Command]{Decide: orders.Decide, Evolve: orders.Evolve}

func command(order, grant, role, operation string) orders.Order {
	return orders.Order{OrderID: order, PersonID: "per_1", EmployeeNumber: "E1042", GrantID: grant, Target: "orders-db",
		Account: "E1042", Application: "orders", Role: role, Operation: operation}
}

func ordered(order, grant, role, operation string) *provisioningv1.ProvisioningOrdered {
	return &provisioningv1.ProvisioningOrdered{PersonId: "per_1", EmployeeNumber: "E1042", OrderId: order, GrantId: grant,
		Target: "orders-db", Account: "E1042", Application: "orders", Role: role, Operation: operation}
}

func completed(o *provisioningv1.ProvisioningOrdered, seen *provisioningv1.ReadBack) *provisioningv1.ProvisioningCompleted {
	return &provisioningv1.ProvisioningCompleted{PersonId: o.GetPersonId(), EmployeeNumber: o.GetEmployeeNumber(), OrderId: o.GetOrderId(),
		GrantId: o.GetGrantId(), Target: o.GetTarget(), Account: o.GetAccount(), Application: o.GetApplication(), Role: o.GetRole(),
		Operation: o.GetOperation(), ReadBack: seen}
}

func cancelled(o *provisioningv1.ProvisioningOrdered, by string) *provisioningv1.ProvisioningCancelled {
	return &provisioningv1.ProvisioningCancelled{PersonId: o.GetPersonId(), EmployeeNumber: o.GetEmployeeNumber(), OrderId: o.GetOrderId(),
		GrantId: o.GetGrantId(), Target: o.GetTarget(), Account: o.GetAccount(), Application: o.GetApplication(), Role: o.GetRole(),
		Operation: o.GetOperation(), CancelledBy: by}
}

func failed(o *provisioningv1.ProvisioningOrdered, reason string) *provisioningv1.ProvisioningFailed {
	return &provisioningv1.ProvisioningFailed{PersonId: o.GetPersonId(), EmployeeNumber: o.GetEmployeeNumber(), OrderId: o.GetOrderId(),
		GrantId: o.GetGrantId(), Target: o.GetTarget(), Reason: reason, Message: "seen"}
}

var (
	given = &provisioningv1.ReadBack{Exists: true, Login: true, Member: true}
	gone  = &provisioningv1.ReadBack{Exists: true}

	addReader    = ordered("o1", "g1", "reader", orders.Add)
	removeReader = ordered("o2", "g1", "reader", orders.Remove)
	addWriter    = ordered("o3", "g2", "writer", orders.Add)
	removeWriter = ordered("o4", "g2", "writer", orders.Remove)
	addAgain     = inTurn(2, ordered("o5", "g1", "reader", orders.Add))
	removeAgain  = inTurn(3, ordered("o6", "g1", "reader", orders.Remove))
)

func TestOrder(t *testing.T) {
	t.Parallel()
	t.Run("a grant is ordered exactly as it states", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given().When(command("o1", "g1", "reader", orders.Add)).Then(addReader)
	})
	t.Run("the same grant and operation again changes nothing, even under another id", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader).When(command("o9", "g1", "reader", orders.Add)).ThenNothing()
	})
	t.Run("a removal cancels the open addition of its grant and runs all the same", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader).When(command("o2", "g1", "reader", orders.Remove)).
			Then(removeReader, cancelled(addReader, "o2"))
	})
	t.Run("a removal leaves a completed addition as it was", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader, completed(addReader, given)).
			When(command("o2", "g1", "reader", orders.Remove)).Then(removeReader)
	})
	t.Run("a removal leaves the additions of other grants alone", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addWriter).When(command("o2", "g1", "reader", orders.Remove)).Then(removeReader)
	})
	t.Run("an addition that arrives after the removal of its grant is recorded and never applied", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(removeReader).When(command("o1", "g1", "reader", orders.Add)).
			Then(addReader, cancelled(addReader, "o2"))
	})
	t.Run("each turn of a grant is ordered by itself", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader, completed(addReader, given)).
			When(turned(1, command("o2", "g1", "reader", orders.Remove))).Then(inTurn(1, removeReader)).
			When(turned(1, command("o8", "g1", "reader", orders.Remove))).ThenNothing().
			When(turned(2, command("o5", "g1", "reader", orders.Add))).Then(addAgain).
			When(turned(2, command("o9", "g1", "reader", orders.Add))).ThenNothing().
			When(turned(3, command("o6", "g1", "reader", orders.Remove))).Then(removeAgain, cancelled(addAgain, "o6"))
	})
	t.Run("a removal of an earlier turn leaves a later addition alone", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addAgain).When(turned(1, command("o2", "g1", "reader", orders.Remove))).Then(inTurn(1, removeReader))
	})
	for name, spoil := range map[string]func(*orders.Order){
		"no order":          func(c *orders.Order) { c.OrderID = "" },
		"no grant":          func(c *orders.Order) { c.GrantID = "" },
		"no target":         func(c *orders.Order) { c.Target = "" },
		"no account":        func(c *orders.Order) { c.Account = "" },
		"no person":         func(c *orders.Order) { c.EmployeeNumber = "" },
		"no application":    func(c *orders.Order) { c.Application = "" },
		"no role":           func(c *orders.Order) { c.Role = "" },
		"unknown operation": func(c *orders.Order) { c.Operation = "drop" },
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			t.Parallel()
			c := command("o1", "g1", "reader", orders.Add)
			spoil(&c)
			testkit.Rule(t, rules).Given().When(c).ThenRefused(orders.ErrIncomplete)
		})
	}
}

// turned is an order of a later turn of its grant.
func turned(turn int32, c orders.Order) orders.Order {
	c.Turn = turn
	return c
}

func inTurn(turn int32, o *provisioningv1.ProvisioningOrdered) *provisioningv1.ProvisioningOrdered {
	o = proto.CloneOf(o)
	o.Turn = turn
	return o
}

// What a grant that was suspended is given again is there only until it is taken
// again, and a confirmation says of which turn it is.
//
// Covers: ACR-070
func TestASuspendedRightIsGivenAndTakenAgain(t *testing.T) {
	t.Parallel()
	ofTurn := func(turn int32, e *provisioningv1.ProvisioningCompleted) *provisioningv1.ProvisioningCompleted {
		e.Turn = turn
		return e
	}
	first := inTurn(1, removeReader)
	testkit.Rule(t, rules).Given(addReader, completed(addReader, given), first, addAgain).
		When(orders.Complete{OrderID: "o5", ReadBack: given}).ThenRefused(orders.ErrOutOfTurn).
		When(orders.Complete{OrderID: "o2", ReadBack: given}).ThenRefused(orders.ErrNotShown).
		When(orders.Complete{OrderID: "o2", ReadBack: gone}).Then(ofTurn(1, completed(first, gone))).
		When(orders.Complete{OrderID: "o5", ReadBack: given}).Then(ofTurn(2, completed(addAgain, given)))
	// Whether the account may sign in depends on what is there in the last turn.
	signsIn := &provisioningv1.ReadBack{Exists: true, Login: true}
	there := []proto.Message{addReader, completed(addReader, given), first, completed(first, gone), addAgain, completed(addAgain, given), removeWriter}
	testkit.Rule(t, rules).Given(there...).When(orders.Complete{OrderID: "o4", ReadBack: signsIn}).Then(completed(removeWriter, signsIn))
	testkit.Rule(t, rules).Given(append(there, removeAgain)...).When(orders.Complete{OrderID: "o4", ReadBack: signsIn}).ThenRefused(orders.ErrNotShown).
		When(orders.Complete{OrderID: "o4", ReadBack: gone}).Then(completed(removeWriter, gone)).
		When(orders.Complete{OrderID: "o6", ReadBack: gone}).Then(ofTurn(3, completed(removeAgain, gone)))
}

func TestComplete(t *testing.T) {
	t.Parallel()
	complete := func(order string, seen *provisioningv1.ReadBack) orders.Complete {
		return orders.Complete{OrderID: order, ReadBack: seen}
	}
	stories := map[string]struct {
		given []proto.Message
		when  orders.Complete
		then  []proto.Message
	}{
		"an addition is confirmed by login and membership": {
			[]proto.Message{addReader}, complete("o1", given), []proto.Message{completed(addReader, given)}},
		"the last removal is confirmed by no login, no membership, no connection": {
			[]proto.Message{addReader, completed(addReader, given), removeReader}, complete("o2", gone), []proto.Message{completed(removeReader, gone)}},
		"a removal is confirmed when the account never existed": {
			[]proto.Message{removeReader}, complete("o2", &provisioningv1.ReadBack{}), []proto.Message{completed(removeReader, &provisioningv1.ReadBack{})}},
		"a removal leaves the login while another right is held": {
			[]proto.Message{addReader, completed(addReader, given), addWriter, completed(addWriter, given), removeReader},
			complete("o2", &provisioningv1.ReadBack{Exists: true, Login: true}),
			[]proto.Message{completed(removeReader, &provisioningv1.ReadBack{Exists: true, Login: true})}},
		"a removal leaves the membership while another grant gives the same right": {
			[]proto.Message{addReader, completed(addReader, given), ordered("o5", "g5", "reader", orders.Add),
				completed(ordered("o5", "g5", "reader", orders.Add), given), removeReader},
			complete("o2", &provisioningv1.ReadBack{Exists: true, Login: true, Member: true, Backends: 2}),
			[]proto.Message{completed(removeReader, &provisioningv1.ReadBack{Exists: true, Login: true, Member: true, Backends: 2})}},
		"objects that the account owns do not stop the removal": {
			[]proto.Message{removeReader}, complete("o2", &provisioningv1.ReadBack{Exists: true, OwnedObjects: 3}),
			[]proto.Message{completed(removeReader, &provisioningv1.ReadBack{Exists: true, OwnedObjects: 3})}},
		"confirmed twice is once": {
			[]proto.Message{addReader, completed(addReader, given)}, complete("o1", given), nil},
		"a cancelled order is never confirmed": {
			[]proto.Message{addReader, removeReader, cancelled(addReader, "o2")}, complete("o1", given), nil},
		"an addition overtakes one that cannot be given": {
			[]proto.Message{addReader, failed(addReader, "TARGET_REFUSED"), addWriter},
			complete("o3", given), []proto.Message{completed(addWriter, given)}},
		"a removal overtakes an addition that cannot be given": {
			[]proto.Message{addReader, completed(addReader, given), addWriter, failed(addWriter, "TARGET_REFUSED"), removeReader},
			complete("o2", gone), []proto.Message{completed(removeReader, gone)}},
	}
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario := testkit.Rule(t, rules).Given(s.given...).When(s.when)
			if s.then == nil {
				scenario.ThenNothing()
				return
			}
			scenario.Then(s.then...)
		})
	}
}

// Covers: PRV-020
func TestCompleteIsRefused(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct {
		given []proto.Message
		order string
		seen  *provisioningv1.ReadBack
		want  error
	}{
		"unknown order":                      {nil, "o1", given, orders.ErrUnknownOrder},
		"no evidence":                        {[]proto.Message{addReader}, "o1", nil, orders.ErrNotShown},
		"addition without login":             {[]proto.Message{addReader}, "o1", &provisioningv1.ReadBack{Exists: true, Member: true}, orders.ErrNotShown},
		"addition without membership":        {[]proto.Message{addReader}, "o1", &provisioningv1.ReadBack{Exists: true, Login: true}, orders.ErrNotShown},
		"last removal that leaves the login": {[]proto.Message{removeReader}, "o2", &provisioningv1.ReadBack{Exists: true, Login: true}, orders.ErrNotShown},
		"removal that leaves the membership": {[]proto.Message{removeReader}, "o2", &provisioningv1.ReadBack{Exists: true, Member: true}, orders.ErrNotShown},
		"removal that leaves a connection":   {[]proto.Message{removeReader}, "o2", &provisioningv1.ReadBack{Exists: true, Backends: 1}, orders.ErrNotShown},
		"first of a leaver's removals, login on": {
			[]proto.Message{addReader, completed(addReader, given), addWriter, completed(addWriter, given), removeReader, removeWriter},
			"o2", &provisioningv1.ReadBack{Exists: true, Login: true}, orders.ErrNotShown},
		"an older order is open":                  {[]proto.Message{addReader, addWriter}, "o3", given, orders.ErrOutOfTurn},
		"a removal behind an addition on its way": {[]proto.Message{addWriter, removeReader}, "o2", gone, orders.ErrOutOfTurn},
		"an addition behind a refused removal":    {[]proto.Message{removeReader, failed(removeReader, "TARGET_REFUSED"), addWriter}, "o3", given, orders.ErrOutOfTurn},
		"a removal behind an outage":              {[]proto.Message{addWriter, failed(addWriter, "TARGET_UNREACHABLE"), removeReader}, "o2", gone, orders.ErrOutOfTurn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, rules).Given(s.given...).When(orders.Complete{OrderID: s.order, ReadBack: s.seen}).ThenRefused(s.want)
		})
	}
}

// Covers: PRV-024
func TestRecordFailure(t *testing.T) {
	t.Parallel()
	fail := func(reason string) orders.RecordFailure {
		return orders.RecordFailure{OrderID: "o1", Reason: reason, Message: "seen"}
	}
	t.Run("a failure is recorded", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader).When(fail("TARGET_TIMEOUT")).Then(failed(addReader, "TARGET_TIMEOUT"))
	})
	t.Run("another kind is recorded, too", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader, failed(addReader, "TARGET_TIMEOUT")).
			When(fail("TARGET_REFUSED")).Then(failed(addReader, "TARGET_REFUSED"))
	})
	t.Run("a kind that was met before is not, however often others came between", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader, failed(addReader, "TARGET_TIMEOUT"), failed(addReader, "TARGET_REFUSED")).
			When(fail("TARGET_TIMEOUT")).ThenNothing()
	})
	t.Run("nothing fails after the order is confirmed", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addReader, completed(addReader, given)).When(fail("TARGET_TIMEOUT")).ThenNothing()
	})
	t.Run("refused: unknown order", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, rules).Given(addWriter).When(fail("TARGET_TIMEOUT")).ThenRefused(orders.ErrUnknownOrder)
	})
}

func TestNext(t *testing.T) {
	t.Parallel()
	refusedReader, refusedWriter := failed(addReader, "TARGET_REFUSED"), failed(addWriter, "TARGET_NOT_CHANGED")
	for name, s := range map[string]struct {
		given []proto.Message
		want  []string
	}{
		"an empty lane rests":                         {nil, nil},
		"the oldest open order comes first":           {[]proto.Message{addReader, addWriter}, []string{"o1"}},
		"a completed order makes way":                 {[]proto.Message{addReader, completed(addReader, given), addWriter}, []string{"o3"}},
		"a cancelled order makes way":                 {[]proto.Message{addReader, removeReader, cancelled(addReader, "o2")}, []string{"o2"}},
		"an outage keeps the order":                   {[]proto.Message{addReader, failed(addReader, "TARGET_UNREACHABLE"), removeWriter}, []string{"o1"}},
		"a removal passes an addition that cannot be": {[]proto.Message{addReader, refusedReader, removeWriter}, []string{"o4", "o1"}},
		"an addition passes one that cannot be":       {[]proto.Message{addReader, refusedReader, addWriter}, []string{"o3", "o1"}},
		"a removal passes one that cannot be":         {[]proto.Message{removeReader, failed(removeReader, "TARGET_REFUSED"), removeWriter}, []string{"o4", "o2"}},
		"additions that cannot be all come again":     {[]proto.Message{addReader, refusedReader, addWriter, refusedWriter}, []string{"o1", "o3"}},
		"an addition never passes a removal":          {[]proto.Message{removeReader, failed(removeReader, "TARGET_REFUSED"), addWriter}, []string{"o2"}},
		"orders of one right keep their order": {
			[]proto.Message{addReader, refusedReader, ordered("o5", "g5", "reader", orders.Add), ordered("o6", "g6", "reader", orders.Remove)}, []string{"o1"}},
		"a right that waits holds back no other removal": {
			[]proto.Message{addReader, refusedReader, ordered("o6", "g6", "reader", orders.Remove), addWriter, removeWriter, ordered("o7", "g7", "owner", orders.Remove)},
			[]string{"o7", "o1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lane orders.State
			for _, e := range s.given {
				lane = orders.Evolve(lane, e)
			}
			var got []string
			for _, o := range lane.Next() {
				got = append(got, o.GetOrderId())
			}
			if !slices.Equal(got, s.want) {
				t.Errorf("next = %q, want %q", got, s.want)
			}
		})
	}
}

func TestEvolveLeavesTheOldLaneAlone(t *testing.T) {
	t.Parallel()
	before := orders.Evolve(orders.State{}, addReader)
	orders.Evolve(before, failed(addReader, "TARGET_REFUSED"))
	orders.Evolve(before, completed(addReader, given))
	if e := before.Entries[0]; e.Status != orders.Open || len(e.Failures) != 0 {
		t.Errorf("the lane was changed in place: %+v", e)
	}
}
