package identity_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// december is when the day of most transfers here begins.
var december = time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)

// transferred is access-request saying that nothing is left of the post before
// the last transfer.
func (i *installation) transferred(number string) {
	i.t.Helper()
	facts, err := i.identity.Journal.Stream(i.t.Context(), "person-"+number)
	if err != nil {
		i.t.Fatal(err)
	}
	for _, f := range slices.Backward(facts) {
		if e, ok := f.Message.(*identityv1.PostChanged); ok && e.GetCaseId() != "" {
			i.says("access-request", "holdings-"+e.GetPersonId(), &accessrequestv1.PostRightsCleared{
				PersonId: e.GetPersonId(), EmployeeNumber: number, CaseId: e.GetCaseId(), PostChanged: f.Position, Grants: 1,
			})
			return
		}
	}
	i.t.Fatalf("%s was never transferred", number)
}

// notices sends the notice of a transfer and expects it to open a case.
func (h *hrSystem) notices(employee, data string, items ...string) (id string) {
	h.i.t.Helper()
	id = h.send("transfer_noticed", employee, data)
	a, b := h.hear(), h.hear()
	if a.Type == "hr.accepted.v1" {
		a, b = b, a
	}
	if a.Type != "hr.gate.blocked.v1" || a.Data.EmployeeNumber != employee || !slices.Equal(a.Data.OpenItems, items) || b.Type != "hr.accepted.v1" || b.Data.ID != id {
		h.i.t.Fatalf("the notice is answered by %+v, %+v", a, b)
	}
	h.i.settle()
	return id
}

// moves lets the day come on which somebody is at a position.
func (i *installation) moves(day time.Time, number, position string) {
	i.t.Helper()
	i.advance(day, func() bool { return i.person(number).GetPosition() == position })
}

// Covers: IDN-025, IDN-026, IDN-030
func TestATransferIsClearedBeforeHrFinishesIt(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack+"functions: {it: [E7]}\nclearance: {transfer: [default, admin_confirmation, 'sign_off:function:it']}\n")
	h := i.hrSystem()
	h.done("hired", "E1", ada)
	h.notices("E1", `{"position":"seller","unit":["总部","销售部"],"effective_date":"2026-12-01"}`, "grants", "admin_confirmation", "sign_off:function:it")
	c := i.clearance("E1")
	if c.GetKind() != "transfer" || c.GetState() != "open" || c.GetGate() != "blocked" || i.person("E1").GetPosition() != "engineer" {
		t.Fatalf("after the notice the case is %v", c)
	}
	record := func(item string) error {
		_, err := i.people().RecordClearance(i.admin, &identityv1.RecordClearanceRequest{EmployeeNumber: "E1", Item: item, Reason: "seen"})
		return err
	}
	if err := record("grants"); reason(err) != "CLEARANCE_SETTLED_BY_FACTS" {
		t.Errorf("a human ticks grants: %v", err)
	}
	if err := record("accounts"); reason(err) != "CLEARANCE_ITEM_UNKNOWN" {
		t.Errorf("a transfer asks for the account: %v", err)
	}
	if err := record("admin_confirmation"); err != nil {
		t.Fatal(err)
	}
	h.send("departure_closed", "E1", `{"reason":"transferred"}`)
	if a, b := h.hear(), h.hear(); !together(a, b, "hr.gate.blocked.v1", "hr.accepted.v1") || len(a.Data.OpenItems)+len(b.Data.OpenItems) != 2 {
		t.Fatalf("an early last entry is answered by %+v, %+v", a, b)
	}

	i.moves(december, "E1", "seller")
	if c := i.clearance("E1"); c.GetGate() != "blocked" || !slices.Contains(items(c), "grants open") {
		t.Fatalf("the move alone settles %v", c)
	}
	i.transferred("E1")
	if c := i.clearance("E1"); c.GetGate() != "blocked" || !slices.Contains(items(c), "grants done") {
		t.Fatalf("after the removals the case is %v", c)
	}
	if _, err := i.people().WaiveClearance(i.admin, &identityv1.WaiveClearanceRequest{EmployeeNumber: "E1", Item: "sign_off:function:it", Reason: "nobody is there"}); err != nil {
		t.Fatal(err)
	}
	c = i.clearance("E1")
	if diff := cmp.Diff([]string{"grants done", "admin_confirmation done", "sign_off:function:it waived"}, items(c)); diff != "" || c.GetGate() != "opened" {
		t.Errorf("gate %s: %s", c.GetGate(), diff)
	}
	if a := h.hear(); a.Type != "hr.gate.opened.v1" || a.Subject != "E1" || a.Topic != "hrreply.peoplesoft.E1" {
		t.Fatalf("the gate is said to be %+v", a)
	}
	if got := i.events("account-E1"); !slices.Equal(got, []string{"AccountOpened", "AccountActivated"}) {
		t.Errorf("the transfer did to the account %v", got)
	}
	facts, _ := i.identity.Journal.Stream(t.Context(), "clearance-"+c.GetCaseId())
	if cause := facts[2].Causation; cause == nil || cause.Service != "access-request" {
		t.Errorf("grants were settled because of %v", cause)
	}
	h.done("departure_closed", "E1", `{"reason":"transferred"}`)
	want := []string{"PersonRegistered", "EmploymentStarted", "TransferNoticed", "PostChangePlanned", "PersonnelFileClosed", "PostChanged", "PersonnelFileClosed"}
	if got := i.events("person-E1"); !slices.Equal(got, want) {
		t.Errorf("history is %v, want %v", got, want)
	}
}

// Whatever HR says of a transfer before its day, there is one case.
func TestALaterNoticeAndACorrectionAreOfTheSameTransfer(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	h.done("hired", "E1", ada)
	first := h.notices("E1", `{"position":"seller","unit":["总部","销售部"],"effective_date":"2026-12-01"}`, "grants")
	opened := i.clearance("E1").GetCaseId()
	h.done("transfer_noticed", "E1", `{"position":"buyer","effective_date":"2026-12-10"}`)
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"supervisor":"E8"}`, first))
	i.clock.Set(december.Add(time.Hour))
	i.settle()
	if p := i.person("E1"); p.GetPosition() != "engineer" {
		t.Fatalf("the transfer happened on the day that was corrected: %v", p)
	}
	h.done("transfer_noticed", "E1", `{"effective_date":"2026-12-05"}`)
	i.moves(time.Date(2026, 12, 4, 16, 0, 0, 0, time.UTC), "E1", "buyer")
	if p := i.person("E1"); !slices.Equal(p.GetUnit(), []string{"总部", "销售部"}) || p.GetSupervisor() != "E8" {
		t.Errorf("transferred to %v", p)
	}
	i.transferred("E1")
	if c := i.clearance("E1"); c.GetCaseId() != opened || c.GetGate() != "opened" {
		t.Errorf("the case is %v, was %s", c, opened)
	}
	// What is corrected after the day is a move.
	h.hear()
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"position":"lead"}`, first))
	if c := i.clearance("E1"); i.person("E1").GetPosition() != "lead" || c.GetCaseId() != opened {
		t.Errorf("a late correction opened %v", c)
	}
}

func TestATransferThatIsTakenBackIsNotCleared(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	h.done("hired", "E1", ada)
	id := h.notices("E1", `{"position":"seller","effective_date":"2026-12-01"}`, "grants")
	h.done("corrected", "E1", fmt.Sprintf(`{"corrects":%q,"position":"engineer"}`, id))
	c := i.clearance("E1")
	if c.GetState() != "closed" || c.GetGate() != "blocked" {
		t.Errorf("the case is %v", c)
	}
	want := []string{"PersonRegistered", "EmploymentStarted", "TransferNoticed", "PostChangePlanned", "PostChangePlanned", "TransferWithdrawn"}
	if got := i.events("person-E1"); !slices.Equal(got, want) {
		t.Errorf("history is %v, want %v", got, want)
	}
	// Another notice is another transfer; a move without one has no case.
	h.notices("E1", `{"position":"buyer","effective_date":"2026-12-01"}`, "grants")
	second := i.clearance("E1").GetCaseId()
	if second == c.GetCaseId() {
		t.Errorf("the second transfer has the case of the first")
	}
	h.done("moved", "E1", `{"attributes":{"project":"P3"},"effective_date":"2026-11-22"}`)
	i.moves(december, "E1", "buyer")
	i.transferred("E1")
	if c := i.clearance("E1"); c.GetCaseId() != second || c.GetGate() != "opened" {
		t.Errorf("the case is %v", c)
	}
	h.hear()
	h.done("moved", "E1", `{"position":"lead","effective_date":"2026-12-01"}`)
	if c := i.clearance("E1"); c.GetCaseId() != second {
		t.Errorf("a move without notice opened %v", c)
	}
}

// The departure takes everything, so HR waits for its case alone.
func TestWhoLeavesIsClearedOfTheDepartureOnly(t *testing.T) {
	i := install(t)
	i.pack(1, feedPack)
	h := i.hrSystem()
	h.done("hired", "E1", ada)
	h.notices("E1", `{"position":"seller","effective_date":"2026-11-22"}`, "grants") // under way
	first := i.clearance("E1").GetCaseId()
	h.notices("E1", `{"position":"buyer","effective_date":"2026-12-01"}`, "grants") // ahead
	second := i.events("person-E1")
	if c := i.clearance("E1"); c.GetCaseId() != first || len(second) != 6 {
		t.Errorf("of two transfers the first is shown until it is cleared; it is %v after %v", c, second)
	}
	h.send("dismissed", "E1", `{}`)
	if a, b := h.hear(), h.hear(); !together(a, b, "hr.gate.blocked.v1", "hr.accepted.v1") {
		t.Fatalf("the dismissal is answered by %v, %v", a, b)
	}
	i.settle()
	departure := i.clearance("E1")
	if departure.GetKind() != "departure" || departure.GetState() != "open" {
		t.Fatalf("the case is %v", departure)
	}
	if got := i.events("clearance-" + first); !slices.Equal(got, []string{"ClearanceOpened", "ClearanceCancelled"}) {
		t.Errorf("the transfer under way has %v", got)
	}
	i.transferred("E1") // the fact may still come; it changes nothing
	i.cleared("E1")
	if c := i.clearance("E1"); c.GetCaseId() != departure.GetCaseId() || c.GetGate() != "opened" {
		t.Errorf("the case is %v", c)
	}
	if a := h.hear(); a.Type != "hr.gate.opened.v1" {
		t.Errorf("HR hears %v", a)
	}
	if a := h.answered(); a != h.read {
		t.Errorf("HR heard %d answers, expected %d", a, h.read)
	}
}
