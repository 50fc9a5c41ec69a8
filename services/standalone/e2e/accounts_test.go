package e2e

import (
	"fmt"
	"slices"
	"testing"
)

// passage is how often a change of one grant was decided, ordered, carried out
// or given up, and confirmed.
type passage struct{ decided, ordered, completed, cancelled, confirmed int }

// once is how it goes.
var once = passage{decided: 1, ordered: 1, completed: 1, confirmed: 1}

// overtaken are the ways of an addition whose removal was decided before the
// target had answered.
var overtaken = []passage{{decided: 1, ordered: 1, cancelled: 1}, {decided: 1, ordered: 1, completed: 1}}

// accounted checks every grant of a person from the decision to the read-back
// and returns which step led to what.
func (r record) accounted(t *testing.T, s story) effects {
	t.Helper()
	found := effects{"grant": {}, "revoke": {}}
	added, removed := map[string]*passage{}, map[string]*passage{}
	of := func(grants map[string]*passage, e event) *passage {
		grant := e.text("grant_id")
		if grants[grant] == nil {
			grants[grant] = &passage{}
		}
		return grants[grant]
	}
	either := func(e event) *passage {
		if e.text("operation") == "remove" {
			return of(removed, e)
		}
		return of(added, e)
	}
	for _, e := range r.events {
		role := e.text("application") + "/" + e.text("role")
		switch e.kind {
		case "GrantIssued":
			st := r.origin(t, s, e)
			found["grant"][st] = append(found["grant"][st], role)
			of(added, e).decided++
		case "GrantRevoked":
			st := r.origin(t, s, e)
			found["revoke"][st] = append(found["revoke"][st], role)
			of(removed, e).decided++
		case "ProvisioningOrdered":
			either(e).ordered++
		case "ProvisioningCompleted":
			either(e).completed++
		case "ProvisioningCancelled":
			of(added, e).cancelled++
		case "GrantActivated":
			r.confirmed(t, e, "GrantIssued")
			of(added, e).confirmed++
		case "GrantRemovalConfirmed":
			r.confirmed(t, e, "GrantRevoked")
			of(removed, e).confirmed++
		}
	}
	for grant, p := range added {
		if *p != once && (removed[grant] == nil || !slices.Contains(overtaken, *p)) {
			t.Errorf("%s was given like this: %+v", grant, *p)
		}
	}
	for grant, p := range removed {
		if *p != once {
			t.Errorf("%s was taken like this: %+v", grant, *p)
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
