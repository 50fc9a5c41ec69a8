package pack

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (r *reader) readMatrix(p *Pack) func(*yaml.Node) {
	m := newMatrix(p)
	p.matrix = m
	return r.list(func(i int, n *yaml.Node) {
		var l Line
		var where program
		r.mapping(n,
			field{"position", optional, r.text(&l.Position)},
			field{"where", optional, func(n *yaml.Node) { where = r.condition(n, r.env.post, &l.Where) }},
			field{"grants", required, r.readGrants(1, &l.Grants)},
		)
		p.Matrix = append(p.Matrix, l)
		m.add(i, l, where)
	})
}

func (r *reader) readDutyRules(dst *[]DutyRule) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.list(func(_ int, n *yaml.Node) {
		d := DutyRule{Scope: "person"}
		r.mapping(n,
			field{"id", required, r.id(&d.ID, seen)},
			field{"forbid", required, r.readGrants(2, &d.Forbid)},
			field{"scope", optional, r.oneOf(&d.Scope, "scope", "范围", "person")},
		)
		*dst = append(*dst, d)
	})
}

func (r *reader) readGrants(least int, dst *[]Grant) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.filled(least, func(_ int, n *yaml.Node) {
		var s string
		if r.text(&s)(n); s == "" {
			return
		}
		if !r.known[s] {
			en, zh := meant(s, r.grants)
			r.refuseAt(n.Line, n.Column,
				fmt.Sprintf("no application has the role %q (written application/role)", s)+en,
				fmt.Sprintf("没有任何应用具有角色“%s”（写作 应用/角色）", s)+zh)
			return
		}
		r.unique(n, s, seen)
		application, role, _ := strings.Cut(s, "/")
		*dst = append(*dst, Grant{Application: application, Role: role})
	})
}
