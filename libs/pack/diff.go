package pack

import (
	"fmt"
	"strings"
)

// Diff says what a new pack changes, a line each: "- " in front of what goes,
// "+ " in front of what comes. It leaves out version and effective instant,
// which always change, and the order of the matrix, which gives the same
// rights. The old pack may be nil.
func Diff(from, to *Pack) []string {
	var diff []string
	before, after := from.parts(), to.parts()
	for i := range before {
		for _, l := range without(before[i], after[i]) {
			diff = append(diff, "- "+l)
		}
		for _, l := range without(after[i], before[i]) {
			diff = append(diff, "+ "+l)
		}
	}
	return diff
}

// without is what of a has no counterpart in b.
func without(a, b []string) []string {
	count := map[string]int{}
	for _, l := range b {
		count[l]++
	}
	var rest []string
	for _, l := range a {
		if count[l]--; count[l] < 0 {
			rest = append(rest, l)
		}
	}
	return rest
}

// parts describes the pack, one list for each kind of thing.
func (p *Pack) parts() [][]string {
	if p == nil {
		return (&Pack{}).parts()
	}
	return [][]string{
		each(p.Sources, func(_ int, s Source) string { return join("source "+s.Name, "silence", s.Silence.String()) }),
		each(p.Units, func(_ int, u Unit) string { return join("unit "+strings.Join(u.Path, "/"), "head", u.Head) }),
		each(p.Targets, func(_ int, t Target) string {
			return join("target "+t.ID, "kind", t.Kind, "dsn_env", t.DSNEnv, "prefix", t.Prefix)
		}),
		each(p.Applications, func(_ int, a Application) string {
			return join("application "+a.ID, "zh", a.Title.ZH, "en", a.Title.EN, "owner", a.Owner, "target", a.Target)
		}),
		p.roleParts(),
		each(p.Matrix, func(_ int, l Line) string {
			return join("matrix", "position", l.Position, "where", l.Where, "grants", list(l.Grants))
		}),
		each(p.DutyRules, func(_ int, d DutyRule) string {
			return join("duty rule "+d.ID, "forbid", list(d.Forbid), "scope", d.Scope)
		}),
		each(p.Routes, routePart),
		each(p.Functions, func(_ int, f Function) string {
			return join("function "+f.Name, "holders", strings.Join(f.Holders, " "))
		}),
		p.singleParts(),
	}
}

func (p *Pack) roleParts() []string {
	var lines []string
	for _, a := range p.Applications {
		lines = append(lines, each(a.Roles, func(_ int, r Role) string {
			privileged := ""
			if r.Privileged {
				privileged = "true"
			}
			return join("role "+Grant{a.ID, r.ID}.String(),
				"zh", r.Title.ZH, "en", r.Title.EN, "level", r.Level, "max", r.Max.String(), "privileged", privileged)
		})...)
	}
	return lines
}

// routePart carries its place: the first route that fits applies.
func routePart(i int, r Route) string {
	steps := each(r.Steps, func(_ int, s Step) string {
		return join(fmt.Sprintf("%d of %s", s.Quorum, strings.Join(s.Signers, " ")), "due", s.Due.String())
	})
	return join(fmt.Sprintf("route %d %s", i+1, r.ID), "when", r.When, "steps", strings.Join(steps, "; "))
}

func (p *Pack) singleParts() []string {
	var lines []string
	if e := p.Escalation; e != nil {
		lines = append(lines, join("escalation", "remind", e.Remind.String(), "to", e.To))
	}
	for _, s := range [][2]string{
		{"clearance departure", strings.Join(p.Clearance.Departure, " ")},
		{"clearance transfer", strings.Join(p.Clearance.Transfer, " ")},
		{"password profile", p.PasswordProfile},
	} {
		if s[1] != "" {
			lines = append(lines, s[0]+": "+s[1])
		}
	}
	return lines
}

func each[T any](ts []T, describe func(int, T) string) []string {
	var lines []string
	for i, t := range ts {
		lines = append(lines, describe(i, t))
	}
	return lines
}

// join is "name: key value, key value" without the keys that have no value.
func join(name string, pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			parts = append(parts, pairs[i]+" "+pairs[i+1])
		}
	}
	if len(parts) == 0 {
		return name
	}
	return name + ": " + strings.Join(parts, ", ")
}

func list(gs []Grant) string {
	var names []string
	for _, g := range gs {
		names = append(names, g.String())
	}
	return strings.Join(names, " ")
}
