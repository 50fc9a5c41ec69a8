package identity_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// cleared is access-request saying that nothing is held any more after the
// last departure.
func (i *installation) cleared(number string) {
	i.t.Helper()
	i.clearedAfter(number, i.departure(number))
}

func (i *installation) clearedAfter(number string, departure int64) {
	i.t.Helper()
	id := i.person(number).GetPersonId()
	i.says("access-request", "holdings-"+id, &accessrequestv1.HoldingsCleared{PersonId: id, EmployeeNumber: number, Departure: departure})
}

// departure is the position at which a person last left.
func (i *installation) departure(number string) int64 {
	i.t.Helper()
	facts, err := i.identity.Journal.Stream(i.t.Context(), "person-"+number)
	if err != nil {
		i.t.Fatal(err)
	}
	for _, f := range slices.Backward(facts) {
		if _, ok := f.Message.(*identityv1.EmploymentEnded); ok {
			return f.Position
		}
	}
	i.t.Fatalf("%s has never left", number)
	return 0
}

func items(c *identityv1.GetClearanceResponse) []string {
	var list []string
	for _, i := range c.GetItems() {
		list = append(list, fmt.Sprintf("%s %s", i.GetItem(), i.GetState()))
	}
	return list
}

// Covers: IDN-028, IDN-030
func TestTheGateOpensWhenEverythingIsConfirmed(t *testing.T) {
	i := install(t)
	i.pack(1, "clearance: {departure: [default, admin_confirmation]}\n")
	i.must(plain(), header+wang+lilei)
	i.must(plain(), header+wang)
	record := func(item string) error {
		_, err := i.people().RecordClearance(i.admin, &identityv1.RecordClearanceRequest{EmployeeNumber: "E1042", Item: item, Reason: "seen"})
		return err
	}
	if err := record("grants"); reason(err) != "CLEARANCE_SETTLED_BY_FACTS" {
		t.Errorf("a human ticks grants: %v", err)
	}
	if err := record("badge"); reason(err) != "CLEARANCE_ITEM_UNKNOWN" {
		t.Errorf("an item that nobody asked for: %v", err)
	}
	i.cleared("E1042")
	if diff := cmp.Diff([]string{"accounts done", "grants done", "admin_confirmation open"}, items(i.clearance("E1042"))); diff != "" {
		t.Error(diff)
	}
	if c := i.clearance("E1042"); c.GetGate() != "blocked" || i.person("E1042").GetAccounts()[0].GetState() != "closed" {
		t.Errorf("case is %v", c)
	}
	if err := record("admin_confirmation"); err != nil {
		t.Fatal(err)
	}
	c := i.clearance("E1042")
	if c.GetGate() != "opened" || c.GetState() != "closed" || c.GetItems()[2].GetActor() != "admin" || c.GetItems()[2].GetAt() == nil {
		t.Errorf("case is %v", c)
	}
	want := []string{"ClearanceOpened", "ClearanceRecorded", "ClearanceRecorded", "ClearanceRecorded", "HrGateOpened"}
	if diff := cmp.Diff(want, i.events("clearance-"+c.GetCaseId())); diff != "" {
		t.Error(diff)
	}
	facts, _ := i.identity.Journal.Stream(t.Context(), "clearance-"+c.GetCaseId())
	if cause := facts[1].Causation; cause == nil || cause.Service != "access-request" {
		t.Errorf("grants were settled because of %v", cause)
	}
	if _, err := i.people().GetClearance(i.admin, &identityv1.GetClearanceRequest{EmployeeNumber: "E1"}); reason(err) != "CLEARANCE_NOT_FOUND" {
		t.Errorf("clearance of somebody who stays: %v", err)
	}
}

func TestAWaiverOpensTheGateAndNamesItsReason(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	i.must(plain(), header+wang)
	waive := func(reason string) error {
		_, err := i.people().WaiveClearance(i.admin, &identityv1.WaiveClearanceRequest{EmployeeNumber: "E1042", Item: "grants", Reason: reason})
		return err
	}
	if err := waive(""); reason(err) != "REASON_REQUIRED" {
		t.Errorf("without a reason: %v", err)
	}
	if err := waive("the target burnt down"); err != nil {
		t.Fatal(err)
	}
	i.settle()
	c := i.clearance("E1042")
	if diff := cmp.Diff([]string{"accounts done", "grants waived"}, items(c)); diff != "" || c.GetGate() != "opened" {
		t.Errorf("gate %s: %s", c.GetGate(), diff)
	}
	i.cleared("E1042") // the fact may still come; it changes nothing
	if got := i.clearance("E1042"); got.GetItems()[1].GetState() != "waived" {
		t.Errorf("case is %v", got)
	}
}

// Covers: IDN-016
func TestWhoComesBackWhileBeingClearedIsTakenBack(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	id := i.person("E1042").GetPersonId()
	i.must(plain(), header+wang)
	if r := i.must(plain(), header+wang+lilei); counts(r) != "1/0/0/1" {
		t.Errorf("rehire is %v", r)
	}
	p := i.person("E1042")
	if p.GetState() != "active" || p.GetPersonId() != id || p.GetAccounts()[0].GetState() != "active" {
		t.Errorf("person is %v", p)
	}
	if c := i.clearance("E1042"); c.GetState() != "closed" || c.GetGate() != "blocked" {
		t.Errorf("case is %v", c)
	}
	i.cleared("E1042") // of the departure that is moot
	if p := i.person("E1042"); p.GetAccounts()[0].GetState() != "active" {
		t.Errorf("the clearing of the old departure closed the account: %v", p)
	}
}

func TestWhoComesBackAfterTheGateStartsAnew(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	i.must(plain(), header+wang)
	i.cleared("E1042")
	i.must(plain(), header+wang+lilei)
	want := []string{"AccountOpened", "AccountActivated", "AccountSuspended", "AccountClosed", "AccountOpened", "AccountActivated"}
	if got := i.events("account-E1042"); !slices.Equal(got, want) {
		t.Errorf("account has %v", got)
	}
	first, departure := i.clearance("E1042").GetCaseId(), i.departure("E1042")
	i.must(plain(), header+wang)
	c := i.clearance("E1042")
	if c.GetCaseId() == first || c.GetState() != "open" {
		t.Errorf("the second departure has the case %v", c)
	}
	i.clearedAfter("E1042", departure) // late, and of the first departure
	if c := i.clearance("E1042"); !slices.Contains(items(c), "grants open") {
		t.Errorf("the clearing of the first departure settled the second: %v", c)
	}
	i.cleared("E1042")
	if c := i.clearance("E1042"); c.GetGate() != "opened" {
		t.Errorf("case is %v", c)
	}
}
