package e2e

import (
	"slices"
	"strings"
	"testing"
)

// Somebody moves from one half of a forbidden pair to the other: the command
// line waits for both steps, the target shows the new right alone, the history
// shows that it was given after the old one was read back as gone, and the
// explanation says what it waited for.
//
// Covers: ACR-030
func TestAMoverGetsWhatIsKeptApartAfterTheOldRightIsGone(t *testing.T) {
	t.Parallel()
	i := install(t)
	target := i.target()
	i.do("policy", "apply", i.write("pack.yaml", strings.Replace(signingPack, "duty_rules:",
		"matrix: [{position: engineer, grants: [orders/reader]}, {position: tester, grants: [orders/approver]}]\nduty_rules:", 1)))
	mapping := i.write("map.yaml", peopleMap)
	i.do("hr", "import", i.write("staff.csv", peopleHeader+signingStaff), "--map", mapping, "--wait", "60s")
	if got, want := rights(t, target), []string{"ost_E42 ost_orders_reader", "ost_E51 ost_orders_approver"}; !slices.Equal(got, want) {
		t.Fatalf("the target shows %v, want %v", got, want)
	}
	moved := strings.Replace(signingStaff, "d@example.com,engineer", "d@example.com,tester", 1)
	i.do("hr", "import", i.write("moved.csv", peopleHeader+moved), "--map", mapping, "--wait", "60s")
	if got, want := rights(t, target), []string{"ost_E42 ost_orders_approver", "ost_E51 ost_orders_approver"}; !slices.Equal(got, want) {
		t.Errorf("after the move the target shows %v, want %v", got, want)
	}
	i.explains("E42", "orders/approver", "GrantActivated", "ProvisioningCompleted", "ProvisioningOrdered", "GrantIssued", "ProvisioningCompleted",
		"ProvisioningOrdered", "GrantRevoked", "PostChanged", "BirthrightWithheld")
	var order []string
	for _, e := range i.lines("history", "--person", "E42") {
		switch kind := e["type"].(string); kind {
		case "GrantRevoked", "BirthrightWithheld", "GrantRemovalConfirmed", "GrantIssued", "GrantActivated":
			order = append(order, kind)
		}
	}
	want := []string{"GrantIssued", "GrantActivated", "GrantRevoked", "BirthrightWithheld", "GrantRemovalConfirmed", "GrantIssued", "GrantActivated"}
	if !slices.Equal(order, want) {
		t.Errorf("the order is %v, want %v", order, want)
	}
}
