package pack

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxLevels is how deep the organisation tree may be; IDN-009.
const maxLevels = 10

func (r *reader) readSources(dst *[]Source) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.list(func(_ int, n *yaml.Node) {
		var s Source
		r.mapping(n,
			field{"name", required, r.id(&s.Name, seen)},
			field{"silence", optional, r.fixed(&s.Silence)},
		)
		*dst = append(*dst, s)
	})
}

func (r *reader) readUnits(dst *[]Unit) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.list(func(_ int, n *yaml.Node) {
		var u Unit
		r.mapping(n,
			field{"path", required, r.path(&u.Path, seen)},
			field{"head", required, r.person(&u.Head)},
		)
		*dst = append(*dst, u)
	})
}

func (r *reader) path(dst *[]string, seen map[string]bool) func(*yaml.Node) {
	read := r.filled(1, func(_ int, n *yaml.Node) {
		var name string
		if r.text(&name)(n); strings.Contains(name, "/") {
			r.refuse(n, "the name of a unit cannot hold a slash; write the path as a list", "部门名称不能包含斜杠，请以列表书写路径")
		}
		*dst = append(*dst, name)
	})
	return func(n *yaml.Node) {
		read(n)
		if len(*dst) > maxLevels {
			r.refuse(n, "a unit path has at most %d levels", "部门路径最多 %d 级", maxLevels)
		}
		r.unique(n, strings.Join(*dst, "/"), seen)
	}
}

// readFunctions keeps the order of the text.
func (r *reader) readFunctions(dst *[]Function) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			r.refuse(n, "expected a mapping of names to lists of employee numbers", "此处应为映射：名称对应工号列表")
			return
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			var f Function
			r.id(&f.Name, seen)(n.Content[i])
			holders := map[string]bool{}
			r.filled(1, func(_ int, n *yaml.Node) {
				var e string
				r.person(&e)(n)
				r.unique(n, e, holders)
				f.Holders = append(f.Holders, e)
			})(n.Content[i+1])
			r.functions = append(r.functions, f.Name)
			*dst = append(*dst, f)
		}
	}
}

func (r *reader) readClearance(dst *Clearance) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.mapping(n,
			field{"departure", optional, r.clearanceItems(&dst.Departure)},
			field{"transfer", optional, r.clearanceItems(&dst.Transfer)},
		)
	}
}

func (r *reader) clearanceItems(dst *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*dst = nil
		seen := map[string]bool{}
		r.filled(1, func(_ int, n *yaml.Node) {
			var item string
			r.text(&item)(n)
			r.clearanceItem(n, item)
			r.unique(n, item, seen)
			*dst = append(*dst, item)
		})(n)
	}
}

func (r *reader) clearanceItem(n *yaml.Node, item string) {
	if item == "" || item == "default" || item == "admin_confirmation" {
		return
	}
	by, signed := strings.CutPrefix(item, "sign_off:")
	if name, function := strings.CutPrefix(by, "function:"); signed && function {
		r.function(n, name)
		return
	}
	unit := strings.Split(by, "/")
	for _, name := range unit {
		signed = signed && strings.TrimSpace(name) == name && name != "" && !strings.Contains(name, ":")
	}
	if !signed || len(unit) > maxLevels {
		r.refuse(n, "unknown clearance item %q; use default, admin_confirmation, sign_off:unit, sign_off:<unit path> or sign_off:function:<name>",
			"未知的离任清单项“%s”；可用：default、admin_confirmation、sign_off:unit、sign_off:<部门路径>、sign_off:function:<名称>", item)
	}
}
