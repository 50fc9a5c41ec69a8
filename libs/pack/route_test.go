package pack_test

import (
	"testing"

	"github.com/ostiary/ostiary/libs/pack"
)

const routed = `version: 1
effective: 2026-01-01T00:00:00+08:00
units: [{path: [总部, 研发部], head: E7}]
targets: [{id: t, kind: manual}]
functions: {security: [E1, E2]}
applications: [{id: orders, owner: E3, target: t, roles: [{id: reader}]}]
routes:
  - {id: broken, when: 'unit[5] == "x"', steps: [{by: supervisor}]}
  - {id: privileged, when: 'role.privileged', steps: [{by: unit_head}]}
  - {id: level, when: 'role.level == "A" && role.application == "orders" && role.id == "writer"', steps: [{by: supervisor}]}
  - {id: project, when: 'attributes.project == "P2" && position == "engineer" && kind == "intern" && unit[0] == "总部"', steps: [{by: supervisor}]}
`

// Covers: APR-001
func TestTheFirstRouteWhoseConditionHoldsIsTaken(t *testing.T) {
	t.Parallel()
	p := parse(t, routed)
	all := parse(t, routed+"  - {id: rest, steps: [{by: supervisor}]}\n")
	intern := pack.Post{Position: "engineer", Unit: []string{"总部"}, Kind: "intern", Attributes: map[string]string{"project": "P2"}}
	for want, asked := range map[string]pack.Asked{
		"privileged": {Post: intern, Privileged: true},
		"level":      {Post: intern, Application: "orders", Role: "writer", Level: "A"},
		"project":    {Post: intern, Application: "orders", Role: "reader", Level: "A"},
	} {
		if r, ok := p.Route(asked); !ok || r.ID != want {
			t.Errorf("%v goes by %q, want %q", asked, r.ID, want)
		}
	}
	nobody := pack.Asked{Post: pack.Post{Position: "engineer"}}
	if r, ok := p.Route(nobody); ok {
		t.Errorf("no condition holds, and it goes by %q", r.ID)
	}
	if r, ok := all.Route(nobody); !ok || r.ID != "rest" {
		t.Errorf("a route without a condition always holds, and it goes by %q", r.ID)
	}
	if r, ok := p.RouteNamed("level"); !ok || r.ID != "level" {
		t.Error("a route is found by its name")
	}
	if _, ok := p.RouteNamed("rest"); ok {
		t.Error("a route is found that the pack does not have")
	}
}

func TestAPackKnowsItsSigners(t *testing.T) {
	t.Parallel()
	p := parse(t, routed)
	if h := p.Holders("security"); len(h) != 2 || p.Holders("sales") != nil {
		t.Errorf("holders %v", h)
	}
	if p.Head([]string{"总部", "研发部"}) != "E7" || p.Head([]string{"总部"}) != "" {
		t.Error("the head of a unit is of that unit alone")
	}
	if p.Owner("orders") != "E3" || p.Owner("pay") != "" {
		t.Error("an application has its owner")
	}
}
