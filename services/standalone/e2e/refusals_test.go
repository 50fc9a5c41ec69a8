package e2e

import (
	"strings"
	"testing"
)

// What is wrong is refused with a reason, nothing is half-done, and a stop
// and a start keep everything.
func TestRefusalsChangeNothing(t *testing.T) {
	t.Parallel()
	i := install(t)
	mapping := i.write("map.yaml", strings.Replace(peopleMap, "guard: 60%", "guard: 10%", 1))

	misspelt := i.write("misspelt.yaml", strings.Replace(ordersPack, "grants: [orders/reader]", "grants: [orders/raeder]", 1))
	i.refused(2, "PACK_INVALID", "policy", "apply", misspelt)
	i.do("policy", "apply", i.write("pack.yaml", ordersPack))

	people := peopleHeader
	for _, n := range []string{"E1", "E2", "E3", "E4"} {
		people += n + ",某人," + n + "@example.com,backend-engineer,总部,,,P2\n"
	}
	i.do("hr", "import", i.write("all.csv", people), "--map", mapping, "--wait", "60s")
	before := rights(t, i.target())
	if len(before) != 8 {
		t.Fatalf("the target shows %v", before)
	}

	// A file that misses half of the people is held, with exit 3.
	half := i.write("half.csv", strings.Join(strings.Split(people, "\n")[:3], "\n")+"\n")
	held := i.call(nil, "hr", "import", half, "--map", mapping, "--json")
	if held.code != 3 || parse(t, held.out)["held"] != true {
		t.Fatalf("exit %d, %s", held.code, held.out)
	}

	i.stop()
	i.start()
	if got := rights(t, i.target()); strings.Join(got, "\n") != strings.Join(before, "\n") {
		t.Errorf("after a stop and a start the target shows %v, before %v", got, before)
	}
	if p := i.object("person", "show", "E4"); p["state"] != "active" {
		t.Errorf("E4 is %v, want active", p["state"])
	}
	if again := i.object("hr", "import", i.work+"/all.csv", "--map", mapping); again["unchanged"] != 4.0 || again["joiners"] != 0.0 {
		t.Errorf("the same file again says %v", again)
	}
	i.do("audit", "verify")
}
