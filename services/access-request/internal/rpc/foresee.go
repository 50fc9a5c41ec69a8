package rpc

import (
	"fmt"
	"slices"
	"strings"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// outlook is what a pack would do to the people who are here.
type outlook struct {
	given, taken, held int
	conflicts          []*policyv1.PackProblem
}

// foresee derives the birthrights of everybody by a pack that is not in force.
// People with the same post and the same rights are looked at once.
//
// A matrix that gives somebody two rights which the duty rules of the same pack
// keep apart is refused, not warned about: the pack would break its own rule at
// the moment of its activation, without anybody having asked for anything.
func foresee(p *pack.Pack, groups []readmodel.Group) outlook {
	var o outlook
	broken := map[string]*conflict{}
	for _, g := range groups {
		due := map[string]bool{}
		rights := map[pack.Grant]string{}
		for _, b := range p.Birthrights(pack.Post{Position: g.Position, Unit: g.Unit, Kind: g.Kind, Attributes: g.Attributes}) {
			due[fmt.Sprintf("%s/%s@%s", b.Application, b.Role, b.Target)] = true
			rights[pack.Grant{Application: b.Application, Role: b.Role}] = b.Rule
		}
		o.held += g.People * len(g.Held)
		for _, h := range g.Held {
			if !due[h] {
				o.taken += g.People
			}
		}
		for d := range due {
			if !slices.Contains(g.Held, d) {
				o.given += g.People
			}
		}
		for _, d := range p.DutyRules {
			if both := together(d, rights); len(both) > 1 {
				c := broken[d.ID]
				if c == nil {
					c = &conflict{rule: d.ID, roles: both, example: g.Example}
					broken[d.ID] = c
				}
				c.people += g.People
				c.example = min(c.example, g.Example)
			}
		}
	}
	for _, d := range p.DutyRules {
		if c := broken[d.ID]; c != nil {
			o.conflicts = append(o.conflicts, c.problem())
		}
	}
	return o
}

// together are the rights of a duty rule that the matrix gives at once, with
// the line that gives each.
func together(d pack.DutyRule, rights map[pack.Grant]string) []string {
	var both []string
	for _, g := range d.Forbid {
		if rule, ok := rights[g]; ok {
			both = append(both, g.String()+" ("+rule+")")
		}
	}
	return both
}

// conflict is a duty rule that the matrix breaks.
type conflict struct {
	rule    string
	roles   []string
	people  int
	example string
}

func (c *conflict) problem() *policyv1.PackProblem {
	roles := strings.Join(c.roles, ", ")
	return &policyv1.PackProblem{
		Message: fmt.Sprintf("duty rule %s keeps apart what the matrix gives together to %d people, for example %s: %s; change the matrix or the rule",
			c.rule, c.people, c.example, roles),
		MessageZh: fmt.Sprintf("职责分离规则 %s 禁止同时持有的权限，被岗位矩阵同时授予 %d 人（例如 %s）：%s；请修改矩阵或规则",
			c.rule, c.people, c.example, roles),
	}
}

// vanished warns of roles that people hold and the catalogue no longer has.
func vanished(p *pack.Pack, roles []readmodel.HeldRole) []*policyv1.PackProblem {
	var warnings []*policyv1.PackProblem
	for _, r := range roles {
		if _, _, ok := p.Role(pack.Grant{Application: r.Application, Role: r.Role}); ok {
			continue
		}
		warnings = append(warnings, &policyv1.PackProblem{
			Message: fmt.Sprintf("%s/%s is no longer in the catalogue; its %d grants are withdrawn as far as they are birthrights, and stay otherwise",
				r.Application, r.Role, r.Grants),
			MessageZh: fmt.Sprintf("目录中不再有 %s/%s；其 %d 项授权中属于岗位权限的将被收回，其余保留", r.Application, r.Role, r.Grants),
		})
	}
	return warnings
}
