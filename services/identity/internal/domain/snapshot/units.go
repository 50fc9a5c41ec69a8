package snapshot

import (
	"maps"
	"slices"
)

// UnitCycles finds units that are, by the paths together, their own ancestor:
// one path says A/B, another B/A. It returns the names of each cycle; a unit
// that occurs twice in one path is a cycle with all that lies between.
func UnitCycles(paths [][]string) [][]string {
	children := map[string]map[string]bool{}
	for _, path := range paths {
		for i := 1; i < len(path); i++ {
			if children[path[i-1]] == nil {
				children[path[i-1]] = map[string]bool{}
			}
			children[path[i-1]][path[i]] = true
		}
	}
	t := tarjan{children: children, index: map[string]int{}, low: map[string]int{}, on: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(children)) {
		if _, seen := t.index[name]; !seen {
			t.visit(name)
		}
	}
	return t.cycles
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
	if len(component) > 1 || t.children[name][name] {
		slices.Sort(component)
		t.cycles = append(t.cycles, component)
	}
}
