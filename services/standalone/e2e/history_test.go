package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// event is one line of history.
type event struct {
	kind, place, cause string
	data               map[string]any
}

func (e event) text(field string) string { s, _ := e.data[field].(string); return s }

// record is everything that history tells of one person.
type record struct {
	i       *installation
	events  []event
	byPlace map[string]event
	// elsewhere are events of nobody in particular: packs.
	elsewhere map[string]event
}

// recordOf reads the history of a person again, and of the packs.
func (i *installation) recordOf(person string, packs []event) record {
	i.t.Helper()
	r := record{i: i, byPlace: map[string]event{}, elsewhere: map[string]event{}}
	for _, line := range i.lines("history", "--person", person) {
		e := read(line)
		r.events = append(r.events, e)
		r.byPlace[e.place] = e
	}
	for _, e := range packs {
		r.elsewhere[e.place] = e
	}
	return r
}

func read(line map[string]any) event {
	e := event{kind: line["type"].(string), place: place(line)}
	e.data, _ = line["data"].(map[string]any)
	if c, ok := line["causation"].(map[string]any); ok && c["service"] != "" {
		e.cause = place(c)
	}
	return e
}

// packHistory reads what happened to the packs of a story, at all services.
func (i *installation) packHistory(s story) []event {
	i.t.Helper()
	streams := []string{"pack-adopted"}
	for _, st := range s.steps {
		if st.pack != "" {
			streams = append(streams, st.name)
		}
	}
	var all []event
	for _, stream := range streams {
		for _, line := range i.lines("history", "--stream", stream) {
			all = append(all, read(line))
		}
	}
	return all
}

// why follows the causes of an event back to the first, which must be one that
// HR or the owner of the packs wrote; every one of them can be read again.
func (r record) why(e event) []event {
	chain := []event{e}
	for e.cause != "" && len(chain) < 50 {
		next, ok := r.byPlace[e.cause]
		if !ok {
			next, ok = r.elsewhere[e.cause]
		}
		if !ok {
			r.i.t.Errorf("%s at %s names the cause %s, which history does not have", e.kind, e.place, e.cause)
			return chain
		}
		chain, e = append(chain, next), next
	}
	return chain
}

// effects are the grants and revocations that each step led to.
type effects map[string]map[string][]string // "grant" or "revoke" → step → roles

// accounted checks every grant of a person from the decision to the read-back
// and returns which step led to what. overtaken allows an addition that its
// own removal made superfluous, as happens when the process dies in between.
func (r record) accounted(t *testing.T, s story, overtaken bool) effects {
	t.Helper()
	found := effects{"grant": {}, "revoke": {}}
	steps := map[string]map[string]int{"add": {}, "remove": {}}
	for _, e := range r.events {
		grant, role := e.text("grant_id"), e.text("application")+"/"+e.text("role")
		switch e.kind {
		case "GrantIssued":
			st := r.origin(t, s, e)
			found["grant"][st] = append(found["grant"][st], role)
			steps["add"][grant]++
		case "GrantRevoked":
			st := r.origin(t, s, e)
			found["revoke"][st] = append(found["revoke"][st], role)
			steps["remove"][grant]++
		case "ProvisioningOrdered", "ProvisioningCompleted":
			steps[e.text("operation")][grant] += 10
		case "ProvisioningCancelled":
			if !overtaken {
				t.Errorf("%s at %s: an order was given up", e.kind, e.place)
			}
			steps["add"][grant] += 110
		case "GrantActivated":
			r.confirmed(t, e, "GrantIssued")
			steps["add"][grant] += 100
		case "GrantRemovalConfirmed":
			r.confirmed(t, e, "GrantRevoked")
			steps["remove"][grant] += 100
		}
	}
	for operation, grants := range steps {
		for grant, sum := range grants {
			// One decision, one order and its completion, one confirmation; the last
			// is missing if the removal was decided before the target had answered.
			if sum != 121 && (!overtaken || operation != "add" || sum != 21) {
				t.Errorf("%s of %s went through %d steps", operation, grant, sum)
			}
		}
	}
	return found
}

// confirmed expects that a confirmation follows from the read-back of an order
// that follows from the decision.
func (r record) confirmed(t *testing.T, e event, decision string) {
	t.Helper()
	chain := r.why(e)
	if len(chain) < 4 || chain[1].kind != "ProvisioningCompleted" || chain[2].kind != "ProvisioningOrdered" || chain[3].kind != decision {
		t.Errorf("%s at %s follows from %v", e.kind, e.place, kinds(chain))
		return
	}
	if back, _ := chain[1].data["read_back"].(map[string]any); back == nil {
		t.Errorf("%s at %s shows no read-back", chain[1].kind, chain[1].place)
	}
}

// origin is the step that a decision follows from.
func (r record) origin(t *testing.T, s story, e event) string {
	t.Helper()
	chain := r.why(e)
	root := chain[len(chain)-1]
	for _, c := range chain {
		if c.kind == "HrChangeTaken" {
			for _, st := range s.steps {
				if st.pack == "" && st.date == c.text("effective_date") {
					return st.name
				}
			}
		}
		if c.kind == "PackActivated" {
			return "pack-" + fmt.Sprint(c.data["version"])
		}
	}
	t.Errorf("%s at %s goes back to %v, neither to HR nor to a pack: %v", e.kind, e.place, root.kind, kinds(chain))
	return ""
}

func kinds(chain []event) (names []string) {
	for _, e := range chain {
		names = append(names, e.kind)
	}
	return names
}

// implied are the effects that the matrix implies for a person.
func (s story) implied(person string) effects {
	want := effects{"grant": {}, "revoke": {}}
	var before []string
	for _, st := range s.steps {
		after := []string{}
		if p, here := st.people[person]; here {
			after = due(st.matrix, p)
		}
		for _, role := range after {
			if !slices.Contains(before, role) {
				want["grant"][st.name] = append(want["grant"][st.name], role)
			}
		}
		for _, role := range before {
			if !slices.Contains(after, role) {
				want["revoke"][st.name] = append(want["revoke"][st.name], role)
			}
		}
		before = after
	}
	return want
}

// String writes effects in one order.
func (e effects) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(e)) {
		for _, st := range slices.Sorted(maps.Keys(e[what])) {
			fmt.Fprintf(&b, "%s by %s: %v; ", what, st, slices.Sorted(slices.Values(e[what][st])))
		}
	}
	return b.String()
}
