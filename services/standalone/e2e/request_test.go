package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// signingPack says who signs: E7 supervises and heads the unit, E31 owns the
// orders. Reading and approving exclude each other.
const signingPack = `version: 1
effective: 2020-01-01T00:00:00+08:00
sources: [{name: peoplesoft, silence: 24h}]
units: [{path: [总部, 研发部], head: E7}]
applications:
  - {id: orders, title: {zh: 订单库, en: Orders}, owner: E31, target: orders-db,
     roles: [{id: reader, level: B, max: 365d}, {id: approver, level: B, max: 365d}, {id: secret, level: X}]}
duty_rules: [{id: four-eyes, forbid: [orders/reader, orders/approver], scope: person}]
routes:
  - {id: reference, when: 'role.level == "B"', steps: [{by: supervisor, due: 2wd}, {by: role_owner, due: 2wd}]}
functions: {security: [E31]}
escalation: {remind: 1wd, to: unit_head}
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}]
`

const signingStaff = "E1,顾明远,a@example.com,manager,总部,,,\nE7,沈若兰,b@example.com,director,总部,研发部,E1,\n" +
	"E31,何思远,c@example.com,owner,总部,研发部,E7,\nE42,周晓彤,d@example.com,engineer,总部,研发部,E7,\nE51,冯立新,e@example.com,tester,总部,研发部,E7,\n"

// as is the command line of a person, signed in with a password of their own.
func (i *installation) as(employee string) *installation {
	i.t.Helper()
	secret, _ := i.object("credential", "issue", employee)["password"].(string)
	other := *i
	other.env = append(slices.Clone(i.env), "XDG_CONFIG_HOME="+filepath.Join(i.work, "config-"+employee))
	r := other.call(strings.NewReader(secret+"\nGate-Keeper-2026\n"), "login", "--user", employee, "--password-stdin", "--new-password-stdin")
	if r.code != 0 {
		i.t.Fatalf("login of %s: exit %d\n%s%s", employee, r.code, r.out, r.err)
	}
	return &other
}

// inDays is the date some days from now.
func inDays(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }

// A person asks, is told who decides, two sign, the right is there on the real
// system, and the explanation names the request and every signature. A leaver
// loses it, and what waits for a leaver goes to others.
//
// Covers: APR-001, APR-002, APR-010, APR-011, ACR-030
func TestARequestIsSignedAndItsGrantExplained(t *testing.T) {
	t.Parallel()
	i := install(t)
	target := i.target()
	i.do("policy", "apply", i.write("pack.yaml", signingPack))
	mapping := i.write("map.yaml", peopleMap)
	i.do("hr", "import", i.write("staff.csv", peopleHeader+signingStaff), "--map", mapping, "--wait", "60s")
	asker, supervisor, owner, other := i.as("E42"), i.as("E7"), i.as("E31"), i.as("E51")

	ask := func(role string) []string {
		return []string{"request", "create", "--application", "orders", "--role", role, "--until", inDays(60), "--reason", "月末对账"}
	}
	asker.refused(3, "NO_ROUTE", ask("secret")...)
	if preview := asker.object(append(ask("reader"), "--dry-run")...); len(preview["signers"].([]any)) != 2 || preview["request_id"] != "" {
		t.Errorf("preview %v", preview)
	}
	q := asker.object(ask("reader")...)
	number, caseID := q["number"].(string), q["case_id"].(string)
	if !strings.HasPrefix(number, "AR-") || len(q["signers"].([]any)) != 2 || q["due_at"] == nil {
		t.Fatalf("asked: %v", q)
	}
	asker.refused(3, "REQUEST_ALREADY_OPEN", ask("reader")...)

	// Nobody signs the own matter, nobody signs before their turn, and others do
	// not learn of it.
	asker.refused(3, "SIGNER_OWN_MATTER", "approve", caseID, "--yes")
	owner.refused(4, "APPROVAL_UNKNOWN", "approve", number)
	other.refused(4, "APPROVAL_UNKNOWN", "approvals", "show", caseID)
	if got := supervisor.lines("approvals", "list"); len(got) != 1 || got[0]["case_id"] != caseID {
		t.Errorf("waits for the supervisor: %v", got)
	}
	supervisor.do("delegate", "--to", "E51", "--until", inDays(90))
	other.refused(3, "DEPUTY_CIRCLE", "delegate", "--to", "E7", "--until", inDays(90))
	other.do("approve", number, "--yes", "--reason", "同意")
	owner.do("approve", caseID, "--yes", "--wait", "60s")

	if got, want := rights(t, target), []string{"ost_E42 ost_orders_reader"}; !slices.Equal(got, want) {
		t.Fatalf("the target shows %v, want %v", got, want)
	}
	if c := asker.object("access", "check", "--person", "E42", "--role", "orders/reader"); c["allowed"] != true {
		t.Errorf("check: %v", c)
	}
	i.explains("E42", "orders/reader", "AccessRequestFulfilled", "ProvisioningCompleted", "ProvisioningOrdered", "GrantIssued", "ApprovalGranted", "ApprovalStepApproved",
		"ApprovalStepAssigned", "ApprovalStepApproved", "ApprovalStepAssigned", "ApprovalCaseOpened", "AccessApprovalRequired", "AccessRequested")
	asker.refused(3, "REQUEST_DUTY_CONFLICT", ask("approver")...)

	// What waits for a leaver goes to the next superior; the leaver of rights
	// loses them, and the open request is withdrawn.
	second := other.object(ask("approver")...)
	i.do("hr", "import", i.write("left.csv", peopleHeader+strings.Replace(signingStaff, "E7,沈若兰,b@example.com,director,总部,研发部,E1,\n", "", 1)), "--map", mapping, "--wait", "60s")
	shown := other.object("approvals", "show", second["case_id"].(string))
	step := shown["steps"].([]any)[0].(map[string]any)
	holder := step["seats"].([]any)[0].(map[string]any)["holders"].([]any)[0].(map[string]any)["employee_number"]
	if holder != "E1" {
		t.Errorf("after the supervisor has left the case waits for %v, want E1", holder)
	}
	i.do("hr", "import", i.write("gone.csv", peopleHeader+"E1,顾明远,a@example.com,manager,总部,,,\nE31,何思远,c@example.com,owner,总部,研发部,E1,\n"), "--map", mapping, "--wait", "60s")
	if got := rights(t, target); len(got) != 0 {
		t.Errorf("the leaver still has %v", got)
	}
	if r := i.object("request", "show", second["request_id"].(string)); r["state"] != "withdrawn" {
		t.Errorf("the leaver's request is %v", r["state"])
	}
	if c := i.object("approvals", "show", second["case_id"].(string))["approval"].(map[string]any); c["state"] != "cancelled" {
		t.Errorf("the leaver's case is %v", c["state"])
	}
}
