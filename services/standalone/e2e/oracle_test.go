package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// post is what HR says of one person in one file.
type post struct {
	name, email, position, project, kind, supervisor string
	unit                                             []string
}

// line is a line of the matrix: as the pack writes it, and as a function of Go
// that the expected rights are computed with.
type line struct {
	position, where string
	holds           func(post) bool
	grants          []string
}

// always is a line without condition.
func always(post) bool { return true }

// due are the rights that a post brings, as "application/role", sorted.
func due(matrix []line, p post) []string {
	rights := map[string]bool{}
	for _, l := range matrix {
		if (l.position == "" || l.position == p.position) && l.holds(p) {
			for _, g := range l.grants {
				rights[g] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(rights))
}

// packText writes a pack whose catalogue has every role of its matrix.
func packText(version int, effective string, matrix []line) string {
	roles := map[string][]string{}
	var lines strings.Builder
	for _, l := range matrix {
		for _, g := range l.grants {
			application, role, _ := strings.Cut(g, "/")
			if !slices.Contains(roles[application], role) {
				roles[application] = append(roles[application], role)
			}
		}
		var keys []string
		if l.position != "" {
			keys = append(keys, fmt.Sprintf("position: %q", l.position))
		}
		if l.where != "" {
			keys = append(keys, fmt.Sprintf("where: '%s'", l.where))
		}
		fmt.Fprintf(&lines, "  - {%s, grants: [%s]}\n", strings.Join(keys, ", "), strings.Join(l.grants, ", "))
	}
	var applications strings.Builder
	for _, a := range slices.Sorted(maps.Keys(roles)) {
		var ids []string
		for _, r := range roles[a] {
			ids = append(ids, "{id: "+r+"}")
		}
		fmt.Fprintf(&applications, "  - {id: %s, target: company, roles: [%s]}\n", a, strings.Join(ids, ", "))
	}
	return fmt.Sprintf(`version: %d
effective: %s
sources: [{name: hr, silence: 24h}]
applications:
%smatrix:
%sclearance: {departure: [default]}
targets: [{id: company, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}]
`, version, effective, applications.String(), lines.String())
}

// catalogue are all roles of a matrix.
func catalogue(matrices ...[]line) []string {
	roles := map[string]bool{}
	for _, matrix := range matrices {
		for _, l := range matrix {
			for _, g := range l.grants {
				roles[g] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(roles))
}

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
