package e2e

import (
	"slices"
	"testing"
)

const ordersPack = `version: 1
effective: 2020-01-01T00:00:00+08:00
sources: [{name: peoplesoft, silence: 24h}]
applications:
  - id: orders
    title: {zh: 订单库, en: Orders}
    owner: E0001
    target: orders-db
    roles: [{id: reader, level: B, max: 365d}, {id: writer, level: A, max: 90d}]
matrix:
  - {position: backend-engineer, grants: [orders/reader]}
  - {where: 'attributes.project == "P2"', grants: [orders/writer]}
clearance: {departure: [default]}
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}]
`

const peopleMap = `source: peoplesoft
key: employee_number
encoding: utf-8
columns:
  employee_number: number
  name: name
  email: email
  position: post
  unit: [unit1, unit2]
  supervisor: {column: boss, match: number}
  attributes.project: project
constants: {kind: employee}
guard: 60%
`

const peopleHeader = "number,name,email,post,unit1,unit2,boss,project\n"

// One person in a file gets a right on a real system; the next file without
// the person takes it away; every link of the explanation can be read again.
func TestOnePersonIsHiredAndLeaves(t *testing.T) {
	t.Parallel()
	i := install(t)
	target := i.target()
	pack, mapping := i.write("pack.yaml", ordersPack), i.write("map.yaml", peopleMap)
	if got := i.object("policy", "apply", pack); got["state"] != "active" {
		t.Fatalf("pack is %v, want active", got["state"])
	}

	first := i.write("first.csv", peopleHeader+
		"E0001,王芳,wang@example.com,manager,总部,,,\n"+
		"E1042,李雷,li@example.com,backend-engineer,总部,研发部,E0001,P2\n")
	imported := i.object("hr", "import", first, "--map", mapping, "--wait", "60s")
	if imported["joiners"] != 2.0 || imported["leavers"] != 0.0 {
		t.Fatalf("import says %v", imported)
	}
	if got, want := rights(t, target), []string{"ost_E1042 ost_orders_reader", "ost_E1042 ost_orders_writer"}; !slices.Equal(got, want) {
		t.Fatalf("the target shows %v, want %v", got, want)
	}
	for _, g := range i.lines("access", "list", "--person", "E1042") {
		if g["state"] != "active" || g["kind"] != "birthright" || g["account"] != "E1042" {
			t.Errorf("grant is %v, want an active birthright", g)
		}
	}
	if p := i.object("person", "show", "E1042"); p["name"] != "李雷" || p["state"] != "active" || p["supervisor"] != "E0001" {
		t.Errorf("person is %v", p)
	}
	i.explains("E1042", "orders/reader", "GrantActivated", "ProvisioningCompleted", "ProvisioningOrdered", "GrantIssued", "EmploymentStarted", "HrChangeTaken")

	second := i.write("second.csv", peopleHeader+"E0001,王芳,wang@example.com,manager,总部,,,\n")
	if got := i.object("hr", "import", second, "--map", mapping, "--wait", "60s"); got["leavers"] != 1.0 {
		t.Fatalf("import says %v", got)
	}
	if got := rights(t, target); len(got) != 0 {
		t.Fatalf("the target still shows %v", got)
	}
	if got := logins(t, target); len(got) != 0 {
		t.Fatalf("still may sign in on the target: %v", got)
	}
	if got := i.lines("access", "list", "--person", "E1042"); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
	if c := i.object("clearance", "show", "E1042"); c["state"] != "closed" || c["gate"] != "opened" {
		t.Errorf("clearance is %v, want closed with the gate opened", c)
	}
	if p := i.object("person", "show", "E1042"); p["state"] != "left" {
		t.Errorf("person is %v, want left", p["state"])
	}
	i.explains("E1042", "orders/reader", "GrantRemovalConfirmed", "ProvisioningCompleted", "ProvisioningOrdered", "GrantRevoked", "EmploymentEnded", "HrChangeTaken", "GrantIssued")
	i.do("audit", "verify")
}

// explains expects the given events, in this order, among the links of the
// explanation, and reads every link again from history.
func (i *installation) explains(person, role string, want ...string) {
	i.t.Helper()
	why := i.object("access", "why", "--person", person, "--role", role)
	recorded := map[string]string{}
	for _, e := range i.lines("history", "--person", person) {
		recorded[place(e)] = e["type"].(string)
	}
	next := 0
	for _, l := range why["links"].([]any) {
		link := l.(map[string]any)
		if recorded[place(link)] != link["type"] {
			i.t.Errorf("link %v is not in the history of %s", link, person)
		}
		if next < len(want) && link["type"] == want[next] {
			next++
		}
	}
	if next < len(want) {
		i.t.Errorf("%s of %s is not explained: %s is missing in %v", role, person, want[next], why["links"])
	}
}

func place(m map[string]any) string { return m["service"].(string) + "=" + m["position"].(string) }
