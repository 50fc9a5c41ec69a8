package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// effects are the grants and revocations that each step led to.
type effects map[string]map[string][]string // "grant" or "revoke" → step → roles

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
