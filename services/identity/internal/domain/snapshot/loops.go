package snapshot

import (
	"maps"
	"slices"
)

// Loops finds everybody who is, over however many steps, the own supervisor.
// Each loop starts with its smallest number and is listed once.
func Loops(supervisor map[string]string) [][]string {
	const (
		unseen = iota
		onPath
		done
	)
	state := map[string]int{}
	var loops [][]string
	for _, start := range slices.Sorted(maps.Keys(supervisor)) {
		var path []string
		at := start
		for at != "" && state[at] == unseen {
			state[at] = onPath
			path = append(path, at)
			at = supervisor[at]
		}
		if at != "" && state[at] == onPath {
			loops = append(loops, rotate(path[slices.Index(path, at):]))
		}
		for _, p := range path {
			state[p] = done
		}
	}
	return loops
}

func rotate(loop []string) []string {
	i := slices.Index(loop, slices.Min(loop))
	return slices.Concat(loop[i:], loop[:i])
}
