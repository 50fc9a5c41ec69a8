package snapshot

import (
	"maps"
	"slices"
	"strings"
)

// Cycle is a set of units below one unit that are, by the paths together, each
// other's ancestors: one path says A/B, another B/A.
type Cycle struct {
	// Under is the path of the unit that they lie below; empty for the root.
	Under []string
	Names []string
}

// Concerns tells whether a path states a step inside the cycle. One that merely
// lies above or below does not.
func (c Cycle) Concerns(path []string) bool {
	n := len(c.Under)
	return len(path) > n+1 && slices.Equal(path[:n], c.Under) && slices.Contains(c.Names, path[n]) && slices.Contains(c.Names, path[n+1])
}

// UnitCycles finds cycles. Units of one name below different units are different
// units, so only what lies directly below the same unit is compared. A unit that
// occurs twice in one path is a cycle with all that lies between.
func UnitCycles(paths [][]string) []Cycle {
	var cycles []Cycle
	below := map[string]map[string]map[string]bool{} // path of the unit → name → names below it
	under := map[string][]string{}
	for _, path := range paths {
		if c, ok := repeats(path); ok {
			cycles = append(cycles, c)
		}
		for i := 1; i < len(path); i++ {
			key := strings.Join(path[:i-1], "\x1f")
			if below[key] == nil {
				below[key], under[key] = map[string]map[string]bool{}, path[:i-1]
			}
			if below[key][path[i-1]] == nil {
				below[key][path[i-1]] = map[string]bool{}
			}
			below[key][path[i-1]][path[i]] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(below)) {
		t := tarjan{children: below[key], index: map[string]int{}, low: map[string]int{}, on: map[string]bool{}}
		for _, name := range slices.Sorted(maps.Keys(below[key])) {
			if _, seen := t.index[name]; !seen {
				t.visit(name)
			}
		}
		for _, names := range t.cycles {
			cycles = append(cycles, Cycle{Under: under[key], Names: names})
		}
	}
	return cycles
}

// repeats finds a unit that occurs twice in a path.
func repeats(path []string) (Cycle, bool) {
	for i, name := range path {
		if again := slices.Index(path[i+1:], name); again >= 0 {
			return Cycle{Under: path[:i], Names: slices.Compact(slices.Sorted(slices.Values(path[i : i+1+again])))}, true
		}
	}
	return Cycle{}, false
}

// tarjan finds strongly connected components.
type tarjan struct {
	children map[string]map[string]bool
	index    map[string]int
	low      map[string]int
	on       map[string]bool
	stack    []string
	cycles   [][]string
}

func (t *tarjan) visit(name string) {
	t.index[name], t.low[name] = len(t.index), len(t.index)
	t.stack = append(t.stack, name)
	t.on[name] = true
	for child := range t.children[name] {
		if _, seen := t.index[child]; !seen {
			t.visit(child)
			t.low[name] = min(t.low[name], t.low[child])
		} else if t.on[child] {
			t.low[name] = min(t.low[name], t.index[child])
		}
	}
	if t.low[name] != t.index[name] {
		return
	}
	i := slices.Index(t.stack, name)
	component := slices.Clone(t.stack[i:])
	t.stack = t.stack[:i]
	for _, n := range component {
		t.on[n] = false
	}
	if len(component) > 1 {
		slices.Sort(component)
		t.cycles = append(t.cycles, component)
	}
}
