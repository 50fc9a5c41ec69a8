package pack

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var roleSigners = []string{"supervisor", "unit_head", "role_owner"}

func (r *reader) readRoutes(p *Pack) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.list(func(_ int, n *yaml.Node) {
		var route Route
		var when program
		r.mapping(n,
			field{"id", required, r.id(&route.ID, seen)},
			field{"when", optional, func(n *yaml.Node) { when = r.condition(n, r.env.route, &route.When) }},
			field{"steps", required, r.filled(1, func(_ int, n *yaml.Node) {
				route.Steps = append(route.Steps, r.step(n))
			})},
		)
		p.Routes, p.routing = append(p.Routes, route), append(p.routing, when)
	})
}

func (r *reader) step(n *yaml.Node) Step {
	var s Step
	var by string
	var anyOf, allOf []string
	var quorum int64
	r.mapping(n,
		field{"by", optional, r.signer(&by)},
		field{"any", optional, r.signers(&anyOf)},
		field{"all", optional, r.signers(&allOf)},
		field{"quorum", optional, r.number(&quorum)},
		field{"due", optional, r.duration(&s.Due)},
	)
	if n.Kind != yaml.MappingNode {
		return s
	}
	given := 0
	for i := 0; i < len(n.Content); i += 2 {
		if slices.Contains([]string{"by", "any", "all"}, n.Content[i].Value) {
			given++
		}
	}
	if given != 1 {
		r.refuse(n, "a step needs exactly one of by, any and all", "每一步必须且只能有 by、any、all 之一")
		return s
	}
	switch {
	case by != "":
		s.Signers, s.Quorum = []string{by}, 1
	case allOf != nil:
		s.Signers, s.Quorum = allOf, len(allOf)
	default:
		s.Signers, s.Quorum = anyOf, int(max(1, quorum))
	}
	if quorum != 0 && anyOf == nil {
		r.refuse(n, "quorum goes with any", "quorum 只能与 any 一起使用")
	} else if quorum > int64(len(anyOf)) {
		r.refuse(n, "quorum %d is more than the %d signers", "quorum %d 超过签批人数 %d", quorum, len(anyOf))
	}
	return s
}

func (r *reader) signers(dst *[]string) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.filled(1, func(_ int, n *yaml.Node) {
		var s string
		r.signer(&s)(n)
		r.unique(n, s, seen)
		*dst = append(*dst, s)
	})
}

func (r *reader) signer(dst *string) func(*yaml.Node) {
	read := r.text(dst)
	return func(n *yaml.Node) {
		read(n)
		name, function := strings.CutPrefix(*dst, "function:")
		number, employee := strings.CutPrefix(*dst, "employee:")
		switch {
		case *dst == "" || slices.Contains(roleSigners, *dst):
		case function:
			r.function(n, name)
		case employee && personForm.MatchString(number):
		default:
			forms := slices.Concat(roleSigners, []string{"function:NAME", "employee:NR"})
			en, zh := meant(*dst, forms)
			r.refuseAt(n.Line, n.Column, fmt.Sprintf("unknown signer %q", *dst)+en, fmt.Sprintf("未知的签批人“%s”", *dst)+zh)
		}
	}
}

// function refuses the name of an office that the pack does not fill.
func (r *reader) function(n *yaml.Node, name string) {
	if !slices.Contains(r.functions, name) {
		en, zh := meant(name, r.functions)
		r.refuseAt(n.Line, n.Column, fmt.Sprintf("there is no function %q", name)+en, fmt.Sprintf("没有职能“%s”", name)+zh)
	}
}

func (r *reader) readEscalation(dst **Escalation) func(*yaml.Node) {
	return func(n *yaml.Node) {
		e := &Escalation{}
		r.mapping(n,
			field{"remind", required, r.duration(&e.Remind)},
			field{"to", required, r.signer(&e.To)},
		)
		*dst = e
	}
}
