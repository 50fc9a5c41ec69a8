package e2e

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// months are what HR sends: E2 comes and then moves, while others come and go.
var months = []string{
	peopleHeader + "E1,某人,e1@example.com,backend-engineer,总部,,,\nE2,某人,e2@example.com,backend-engineer,总部,,,\n",
	peopleHeader + "E1,某人,e1@example.com,backend-engineer,总部,,,\nE2,某人,e2@example.com,manager,总部,,,P2\nE3,某人,e3@example.com,backend-engineer,总部,,,\n",
	peopleHeader + "E2,某人,e2@example.com,manager,总部,,,P2\nE3,某人,e3@example.com,backend-engineer,总部,,,\n",
}

// An event that can never be processed is parked, and what follows of the same
// person waits behind it. All others go on. Readiness is red and names it; who
// waits for the change is told. When the cause is mended, a retry brings the
// state of an installation in which nothing ever went wrong.
func TestPoisonEventIsParkedAndRetried(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.do("policy", "apply", i.write("pack.yaml", ordersPack))
	i.forbid("E2")

	poison := i.stuck(months[0], 1)
	i.red(poison)
	i.shown(poison)
	if got, want := rights(t, i.target()), []string{"ost_E1 ost_orders_reader"}; !slices.Equal(got, want) {
		t.Errorf("the target shows %v, want %v", got, want)
	}

	// The next change of E2 waits behind; E3 comes and E1 leaves as ever.
	i.stuck(months[1], 2)
	i.do("hr", "import", i.write("month.csv", months[2]), "--map", i.work+"/map.yaml", "--wait", "60s")
	if got, want := rights(t, i.target()), []string{"ost_E3 ost_orders_reader"}; !slices.Equal(got, want) {
		t.Errorf("the target shows %v, want %v", got, want)
	}

	// A retry before the cause is mended changes nothing.
	if r := i.call(nil, "inbox", "retry", "access-request", "--json"); r.code != 3 || parse(t, r.out)["parked"] != 2.0 {
		t.Errorf("a retry in vain: exit %d %s%s", r.code, r.out, r.err)
	}
	i.permit()
	if r := i.object("inbox", "retry", "access-request"); r["processed"] != 2.0 || r["parked"] != 0.0 {
		t.Errorf("the retry says %v", r)
	}
	if left := i.lines("inbox", "list"); len(left) > 0 {
		t.Errorf("still parked: %v", left)
	}
	want := []string{"ost_E2 ost_orders_writer", "ost_E3 ost_orders_reader"}
	eventually(t, 20*time.Second, "what the retry brings", func() error {
		if got := rights(t, i.target()); !slices.Equal(got, want) {
			return fmt.Errorf("the target shows %v, want %v", got, want)
		}
		if s := i.object("status"); s["ready"] != true {
			return fmt.Errorf("not ready: %v", s["causes"])
		}
		return nil
	})
	i.do("audit", "verify")

	calm := install(t)
	calm.do("policy", "apply", calm.write("pack.yaml", ordersPack))
	for _, month := range months {
		calm.do("hr", "import", calm.write("month.csv", month), "--map", calm.write("map.yaml", peopleMap), "--wait", "60s")
	}
	if got := rights(t, calm.target()); !slices.Equal(got, want) {
		t.Errorf("the undisturbed target shows %v", got)
	}
	undisturbed := calm.digests()
	eventually(t, 20*time.Second, "the same read models", func() error {
		if got := i.digests(); !reflect.DeepEqual(got, undisturbed) {
			return fmt.Errorf("digests are %v, undisturbed %v", got, undisturbed)
		}
		return nil
	})
}

// forbid makes the database of access-request refuse everything about a person.
func (i *installation) forbid(employee string) {
	i.t.Helper()
	i.sabotage(fmt.Sprintf(`
		CREATE FUNCTION public.sabotage() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF position('\x%x'::bytea IN NEW.data) > 0 THEN RAISE EXCEPTION 'sabotage'; END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER sabotage BEFORE INSERT ON es.event FOR EACH ROW EXECUTE FUNCTION public.sabotage()`, employee))
}

// permit takes that back.
func (i *installation) permit() {
	i.t.Helper()
	i.sabotage("DROP TRIGGER sabotage ON es.event; DROP FUNCTION public.sabotage()")
}

func (i *installation) sabotage(statements string) {
	i.t.Helper()
	conn := i.superuser("ostiary_access_request")
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(context.Background(), statements); err != nil {
		i.t.Fatal(err)
	}
}

// stuck imports a month, of which one event cannot be processed, and returns
// that event as the list shows it. In all so many are parked then.
func (i *installation) stuck(month string, parked int) map[string]any {
	i.t.Helper()
	r := i.call(nil, "hr", "import", i.write("month.csv", month), "--map", i.write("map.yaml", peopleMap), "--wait", "60s", "--json")
	if r.code != 3 {
		i.t.Fatalf("exit %d, want 3\n%s%s", r.code, r.out, r.err)
	}
	list := i.lines("inbox", "list")
	if len(list) != parked {
		i.t.Fatalf("parked are %v, want %d", list, parked)
	}
	last := list[parked-1]
	e, _ := parse(i.t, r.err)["error"].(map[string]any)
	details, _ := e["details"].(map[string]any)
	where, _ := details["access-request"].(string)
	if e["reason"] != "CONSEQUENCES_PARKED" || !strings.HasPrefix(where, fmt.Sprintf("identity=%v ", last["position"])) {
		i.t.Errorf("the wait ended with %v, parked is %v", e, last)
	}
	return last
}

// red expects that status and readiness name the service, the source and the
// position, and that readiness, which asks for no credential, says nothing more.
func (i *installation) red(poison map[string]any) {
	i.t.Helper()
	status := i.object("status")
	code, body := i.readiness()
	for _, text := range []string{fmt.Sprint(status["causes"]), body} {
		for _, part := range []string{"access-request", "identity", fmt.Sprintf("event %v ", poison["position"]), "parked"} {
			if !strings.Contains(text, part) {
				i.t.Errorf("%q is missing in %s", part, text)
			}
		}
	}
	for _, secret := range []string{fmt.Sprint(poison["stream"]), fmt.Sprint(poison["type"]), "sabotage"} {
		if strings.Contains(body, secret) {
			i.t.Errorf("/readyz tells anybody %q: %s", secret, body)
		}
		if !strings.Contains(fmt.Sprint(status["causes"]), secret) {
			i.t.Errorf("status does not tell %q: %v", secret, status["causes"])
		}
	}
	if !strings.Contains(body, "EVENT_PARKED") {
		i.t.Errorf("/readyz gives no reason: %s", body)
	}
	if status["ready"] != false || code != http.StatusServiceUnavailable {
		i.t.Errorf("ready: %v, /readyz answers %d", status["ready"], code)
	}
}

// shown expects that the list, one event of it and history agree.
func (i *installation) shown(poison map[string]any) {
	i.t.Helper()
	position := fmt.Sprint(poison["position"])
	one := i.object("inbox", "show", "access-request", "identity", position)
	if !reflect.DeepEqual(one, poison) || poison["service"] != "access-request" || !strings.Contains(fmt.Sprint(poison["error"]), "sabotage") {
		i.t.Errorf("list shows %v, show %v", poison, one)
	}
	for _, e := range i.lines("history", "--stream", fmt.Sprint(poison["stream"])) {
		if e["position"] == position && e["type"] == "EmploymentStarted" {
			return
		}
	}
	i.t.Errorf("history does not know %v", poison)
}
