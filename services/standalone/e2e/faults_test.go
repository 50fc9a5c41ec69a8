package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// twoTargets has a second application on a system that belongs to the test.
const twoTargets = `version: 1
effective: 2020-01-01T00:00:00+08:00
sources: [{name: peoplesoft, silence: 24h}]
applications:
  - {id: orders, title: {zh: 订单库, en: Orders}, target: orders-db, roles: [{id: reader, level: B, max: 365d}]}
  - {id: crm, title: {zh: 客户库, en: CRM}, target: crm-db, roles: [{id: agent, level: B, max: 365d}]}
matrix:
  - {position: engineer, grants: [orders/reader]}
  - {position: clerk, grants: [crm/agent]}
targets:
  - {id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}
  - {id: crm-db, kind: postgres, dsn_env: CRM_DSN, prefix: "crm_"}
`

// troubled is an installation with a healthy target and one that fails.
type troubled struct {
	*installation
	cluster *cluster
	wire    *wire
	mapping string
	people  string
}

func newTroubled(t *testing.T) *troubled {
	t.Helper()
	c := newCluster(t)
	w := newWire(t, c.host)
	i := install(t, "CRM_DSN=postgres://postgres@"+w.host()+"/postgres?sslmode=disable",
		"PROVISIONING_TARGET_TIMEOUT=1s", "PROVISIONING_LONGEST_PAUSE=1s")
	x := &troubled{installation: i, cluster: c, wire: w, mapping: i.write("map.yaml", peopleMap), people: peopleHeader}
	if got := i.object("policy", "apply", i.write("pack.yaml", twoTargets)); got["state"] != "active" {
		t.Fatalf("pack is %v", got)
	}
	return x
}

// stage is one part of a longer story; without it the rest makes no sense.
func (x *troubled) stage(name string, play func()) {
	x.t.Helper()
	whole := x.t
	passed := whole.Run(name, func(t *testing.T) {
		x.t, x.cluster.t = t, t
		play()
	})
	x.t, x.cluster.t = whole, whole
	if !passed {
		whole.FailNow()
	}
}

// hire imports the people so far and one more.
func (x *troubled) hire(number, post, wait string) answer {
	x.t.Helper()
	x.people += number + ",某人," + number + "@example.com," + post + ",总部,,,\n"
	return x.call(nil, "hr", "import", x.write("people.csv", x.people), "--map", x.mapping, "--wait", wait, "--json")
}

// overdue expects that the wait for a change ended because of crm-db alone.
func (x *troubled) overdue(r answer, orders int) {
	x.t.Helper()
	if r.code != 7 {
		x.t.Fatalf("exit %d, want 7\n%s%s", r.code, r.out, r.err)
	}
	e, _ := parse(x.t, r.err)["error"].(map[string]any)
	details, _ := e["details"].(map[string]any)
	text, _ := details["target crm-db"].(string)
	if e["reason"] != "TIMED_OUT" || len(details) != 1 || !strings.HasPrefix(text, fmt.Sprintf("%d orders not confirmed", orders)) {
		x.t.Errorf("the wait ended with %v", e)
	}
}

// unaffected expects that a change which does not need crm-db is carried out
// and confirmed meanwhile.
func (x *troubled) unaffected(number string) {
	x.t.Helper()
	if r := x.hire(number, "engineer", "30s"); r.code != 0 {
		x.t.Fatalf("a hire for the healthy target: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if all := rights(x.t, x.target()); !slices.Contains(all, "ost_"+number+" ost_orders_reader") {
		x.t.Errorf("the healthy target shows %v", all)
	}
}

// alarmed expects that the order is open and failing for the reason, that
// status names the target, and that readiness, which anybody may ask, names the
// service alone.
func (x *troubled) alarmed(number, reason string) {
	x.t.Helper()
	eventually(x.t, 20*time.Second, "alarm", func() error {
		open := x.lines("order", "list", "--open", "--person", number)
		if len(open) != 1 || open[0]["target"] != "crm-db" || open[0]["state"] != "failing" || open[0]["reason"] != reason || open[0]["message"] == "" {
			return fmt.Errorf("open orders are %v", open)
		}
		causes := fmt.Sprint(x.object("status")["causes"])
		for _, part := range []string{"target crm-db", reason, "attempts so far"} {
			if !strings.Contains(causes, part) {
				return fmt.Errorf("status says %s", causes)
			}
		}
		if strings.Contains(causes, "orders-db") {
			return fmt.Errorf("status blames the healthy target: %s", causes)
		}
		code, body := x.readiness()
		if code != http.StatusServiceUnavailable || !strings.Contains(body, "provisioning: SERVICE_HELD_UP") || strings.Contains(body, "crm-db") {
			return fmt.Errorf("readiness is %d %s", code, body)
		}
		return nil
	})
	if p := x.object("person", "show", number); p["state"] != "active" {
		x.t.Errorf("the person is %v", p)
	}
}

// recovered expects that the right of the person comes without anybody doing
// anything, once, and that the alarm ends.
func (x *troubled) recovered(number string) {
	x.t.Helper()
	eventually(x.t, 30*time.Second, "recovery", func() error {
		grants := x.lines("access", "list", "--person", number)
		if len(grants) != 1 || grants[0]["state"] != "active" {
			return fmt.Errorf("grants are %v", grants)
		}
		if s := x.object("status"); s["ready"] != true {
			return fmt.Errorf("status is %v", s["causes"])
		}
		return nil
	})
	x.once(number)
	right := "crm_" + number + " crm_crm_agent"
	if all := x.cluster.rights(); len(slices.DeleteFunc(all, func(r string) bool { return r != right })) != 1 {
		x.t.Errorf("the target does not show %q once", right)
	}
}

// once expects one order and one of each confirmation for a person.
func (x *troubled) once(number string) {
	x.t.Helper()
	count := map[string]int{}
	for _, e := range x.lines("history", "--person", number) {
		count[fmt.Sprint(e["type"])]++
	}
	for _, kind := range []string{"ProvisioningOrdered", "ProvisioningCompleted", "GrantIssued", "GrantActivated"} {
		if count[kind] != 1 {
			x.t.Errorf("%s: %d times in the history of %s, want once", kind, count[kind], number)
		}
	}
}

// A target may be down, hang, lose its answers, or say OK and change nothing.
// Its orders stay open and name what is wrong; whoever waits for them is told;
// everything else goes on; and when it is well again the orders are carried
// out once, by themselves.
//
// Covers: PRV-024
func TestTargetsFail(t *testing.T) {
	t.Parallel()
	x := newTroubled(t)

	x.stage("down", func() {
		x.cluster.stop()
		x.overdue(x.hire("E11", "clerk", "2s"), 1)
		x.unaffected("E12")
		x.alarmed("E11", "TARGET_UNREACHABLE")
		x.cluster.start()
		x.recovered("E11")
	})
	x.stage("hangs", func() {
		x.cluster.signal(syscall.SIGSTOP)
		x.overdue(x.hire("E21", "clerk", "3s"), 1)
		x.unaffected("E22")
		x.alarmed("E21", "TARGET_TIMEOUT")
		x.cluster.signal(syscall.SIGCONT)
		x.recovered("E21")
	})
	x.stage("commits and its answer is lost", func() {
		x.wire.set(false, true)
		x.overdue(x.hire("E31", "clerk", "1s"), 1)
		x.committed("E31")
		x.wire.set(false, false)
		x.wire.drop()
		x.recovered("E31")
	})
	x.stage("commits and Ostiary is killed before it learns of it", func() {
		x.wire.set(false, true)
		x.overdue(x.hire("E41", "clerk", "1s"), 1)
		x.committed("E41")
		x.kill()
		x.wire.set(false, false)
		x.start()
		x.recovered("E41")
	})
	x.stage("says OK and changes nothing", func() {
		x.wire.set(true, false)
		x.overdue(x.hire("E51", "clerk", "2s"), 1)
		x.alarmed("E51", "TARGET_NOT_CHANGED")
		if all := x.cluster.rights(); slices.ContainsFunc(all, func(r string) bool { return strings.HasPrefix(r, "crm_E51 ") }) {
			x.t.Fatalf("the target changed something after all: %v", all)
		}
		if g := x.lines("access", "list", "--person", "E51"); len(g) != 1 || g[0]["state"] != "issued" {
			x.t.Errorf("what the target does not show is called %v", g)
		}
		x.unaffected("E52")
		x.wire.set(false, false)
		x.recovered("E51")
	})
	x.do("audit", "verify")
}

// committed waits until the target itself shows the right.
func (x *troubled) committed(number string) {
	x.t.Helper()
	eventually(x.t, 20*time.Second, "commit on the target", func() error {
		for _, r := range x.cluster.rights() {
			if r == "crm_"+number+" crm_crm_agent" {
				return nil
			}
		}
		return fmt.Errorf("the target shows %v", x.cluster.rights())
	})
	x.doubtful(number)
}

// doubtful expects that what was not read back does not count.
func (x *troubled) doubtful(number string) {
	x.t.Helper()
	if g := x.lines("access", "list", "--person", number); len(g) != 1 || g[0]["state"] != "issued" {
		x.t.Errorf("the answer never came, and yet the grant is %v", g)
	}
}
