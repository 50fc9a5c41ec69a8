package e2e

import (
	"slices"
	"strings"
	"testing"
)

// A grant is asked for, begins, is noticed and ends on its day; a request that
// nobody signs is escalated and lapses after the festival: all of it while
// nobody waits. Over the festival the grant is suspended, and comes back by
// itself. The clock stands where it was after a restart.
//
// Covers: ACR-070, APR-010, AUD-001, XCT-010
func TestWeeksPassOnTheSimulatedClock(t *testing.T) {
	t.Parallel()
	// Friday before the Spring Festival: Saturday works, then nine days are free.
	i := install(t, "OSTIARY_CLOCK=simulated:2026-02-13T12:00+08:00")
	target := i.target()
	i.do("policy", "apply", i.write("pack.yaml", signingPack))
	i.do("hr", "import", i.write("staff.csv", peopleHeader+signingStaff), "--map", i.write("map.yaml", peopleMap), "--wait", "60s")
	asker, supervisor, owner, other := i.as("E42"), i.as("E7"), i.as("E31"), i.as("E51")

	ask := []string{"request", "create", "--application", "orders", "--role", "reader", "--reason", "春节值班", "--until"}
	q := asker.object(append(ask, "2026-03-06")...)
	if q["due_at"] != "2026-02-24T16:00:00Z" {
		t.Errorf("two working days before the festival end at %v", q["due_at"])
	}
	supervisor.do("approve", q["case_id"].(string), "--yes")
	owner.do("approve", q["case_id"].(string), "--yes", "--wait", "60s")
	if got := rights(t, target); !slices.Equal(got, []string{"ost_E42 ost_orders_reader"}) {
		t.Fatalf("the target shows %v", got)
	}
	late := other.object(append(ask, "2026-03-06")...)
	grant := i.lines("access", "list", "--person", "E42")[0]["grant_id"].(string)
	supervisor.refused(3, "NOT_ADMITTED", "access", "suspend", grant, "--reason", "春节封网")
	i.do("access", "suspend", grant, "--reason", "春节封网", "--until", "2026-02-23", "--wait", "60s")
	if got := rights(t, target); len(got) != 0 {
		t.Errorf("suspended, the target shows %v", got)
	}
	if g := i.lines("access", "list", "--person", "E42")[0]; g["state"] != "suspended" || g["grant_id"] != grant {
		t.Errorf("suspended, the grant is %v", g)
	}
	i.explains("E42", "orders/reader", "GrantSuspensionConfirmed", "ProvisioningCompleted", "ProvisioningOrdered", "GrantSuspended")
	asker.refused(3, "NOT_ADMITTED", "clock", "advance", "1d")
	i.refused(2, "USAGE", "clock", "advance", "tomorrow")

	if c := i.object("clock", "advance", "12d"); c["clock"] != "2026-02-25T04:00:00Z" || c["stops"].(float64) < 3 {
		t.Errorf("advanced: %v", c)
	}
	trail := strings.Join(i.types("case-"+late["case_id"].(string)), " ")
	if !strings.HasSuffix(trail, "ApprovalStepReminded ApprovalStepEscalated") {
		t.Errorf("after the festival: %s", trail)
	}
	if got := rights(t, target); !slices.Equal(got, []string{"ost_E42 ost_orders_reader"}) {
		t.Errorf("after its suspension the target shows %v", got)
	}
	if c := asker.object("access", "check", "--person", "E42", "--role", "orders/reader"); c["allowed"] != true {
		t.Errorf("after its suspension: %v", c)
	}
	i.stop()
	i.start()
	if c := i.object("clock", "show"); c["now"] != "2026-02-25T04:00:00Z" || c["simulated"] != true {
		t.Errorf("after the restart: %v", c)
	}
	i.do("clock", "advance", "2w")
	if got := rights(t, i.target()); len(got) != 0 {
		t.Errorf("after its end the target shows %v", got)
	}
	if r := other.object("request", "show", late["request_id"].(string)); r["state"] != "refused" || r["outcome"] != "lapsed" {
		t.Errorf("what nobody signed is %v, %v", r["state"], r["outcome"])
	}
	i.explains("E42", "orders/reader", "GrantRemovalConfirmed", "ProvisioningCompleted", "ProvisioningOrdered", "GrantExpired")
	if s := i.object("status"); s["ready"] != true {
		t.Errorf("status: %v", s["causes"])
	}
}

// types lists the types of a stream's events.
func (i *installation) types(stream string) []string {
	var types []string
	for _, e := range i.lines("history", "--stream", stream) {
		types = append(types, e["type"].(string))
	}
	return types
}

func TestTheMachinesClockIsNotMoved(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.refused(3, "CLOCK_NOT_SIMULATED", "clock", "advance", "1d")
	if c := i.object("clock", "show"); c["simulated"] != false {
		t.Errorf("clock %v", c)
	}
}
