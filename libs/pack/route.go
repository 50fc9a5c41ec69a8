package pack

import (
	"slices"

	"cel.dev/cel-go/common/types"
)

// Asked is what the condition of a route looks at: the post of whom it is for,
// and the role.
type Asked struct {
	Post
	Application, Role, Level string
	Privileged               bool
}

// Route finds who signs: the first route whose condition holds. A condition
// that cannot be computed does not hold.
func (p *Pack) Route(a Asked) (Route, bool) {
	facts := map[string]any{
		"attributes": newAttributes(a.Attributes), "position": a.Position,
		"unit": types.NewStringList(types.DefaultTypeAdapter, a.Unit), "kind": a.Kind,
		"role.application": a.Application, "role.id": a.Role, "role.level": a.Level, "role.privileged": a.Privileged,
	}
	for i, r := range p.Routes {
		if holds(p.routing[i], facts) {
			return r, true
		}
	}
	return Route{}, false
}

// RouteNamed finds a route by its name.
func (p *Pack) RouteNamed(id string) (Route, bool) {
	at := slices.IndexFunc(p.Routes, func(r Route) bool { return r.ID == id })
	if at < 0 {
		return Route{}, false
	}
	return p.Routes[at], true
}

// Holders are the employee numbers of those who hold a function.
func (p *Pack) Holders(function string) []string {
	for _, f := range p.Functions {
		if f.Name == function {
			return f.Holders
		}
	}
	return nil
}

// Head is the employee number of the head of a unit as the pack states it, ""
// if it states none.
func (p *Pack) Head(path []string) string {
	for _, u := range p.Units {
		if slices.Equal(u.Path, path) {
			return u.Head
		}
	}
	return ""
}

// Owner is the employee number of the owner of an application, "" if the pack
// names none.
func (p *Pack) Owner(application string) string {
	for _, a := range p.Applications {
		if a.ID == application {
			return a.Owner
		}
	}
	return ""
}
