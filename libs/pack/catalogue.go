package pack

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxRoleName is the length limit of a role name in PostgreSQL, in bytes.
const maxRoleName = 63

var (
	variableForm = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
	prefixForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,19}$`)
)

func (r *reader) readTargets(dst *[]Target) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.list(func(_ int, n *yaml.Node) {
		var t Target
		r.mapping(n,
			field{"id", required, r.id(&t.ID, seen)},
			field{"kind", required, r.oneOf(&t.Kind, "kind of target", "目标类型", "postgres", "manual")},
			field{"dsn_env", optional, r.matching(&t.DSNEnv, variableForm, "the name of an environment variable such as ORDERS_DSN", "环境变量名，例如 ORDERS_DSN")},
			field{"prefix", optional, r.matching(&t.Prefix, prefixForm, "a prefix of a–z, 0–9 and _ such as ost_", "由 a–z、0–9 和 _ 组成的前缀，例如 ost_")},
		)
		switch {
		case t.Kind == "postgres" && t.DSNEnv == "":
			r.refuse(n, "a postgres target needs dsn_env", "postgres 目标需要 dsn_env")
		case t.Kind == "manual" && t.DSNEnv+t.Prefix != "":
			r.refuse(n, "a manual target has neither dsn_env nor prefix", "manual 目标不能有 dsn_env 或 prefix")
		case strings.HasPrefix(t.Prefix, "pg_"):
			r.refuse(n, "PostgreSQL keeps the prefix pg_ for itself", "前缀 pg_ 由 PostgreSQL 保留")
		}
		if t.Kind == "postgres" && t.Prefix == "" {
			t.Prefix = "ost_"
		}
		r.targets = append(r.targets, t.ID)
		*dst = append(*dst, t)
	})
}

func (r *reader) readApplications(p *Pack) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.list(func(_ int, n *yaml.Node) {
		var a Application
		r.mapping(n,
			field{"id", required, r.id(&a.ID, seen)},
			field{"title", optional, r.title(&a.Title)},
			field{"owner", optional, r.person(&a.Owner)},
			field{"target", required, r.oneOf(&a.Target, "target", "目标", r.targets...)},
			field{"roles", required, r.readRoles(p, &a)},
		)
		for _, role := range a.Roles {
			g := Grant{a.ID, role.ID}.String()
			r.grants, r.known[g] = append(r.grants, g), true
		}
		p.Applications = append(p.Applications, a)
	})
}

func (r *reader) readRoles(p *Pack, a *Application) func(*yaml.Node) {
	seen := map[string]bool{}
	return r.filled(1, func(_ int, n *yaml.Node) {
		var role Role
		r.mapping(n,
			field{"id", required, r.id(&role.ID, seen)},
			field{"title", optional, r.title(&role.Title)},
			field{"level", optional, r.matching(&role.Level, levelForm, "a level such as A", "级别，例如 A")},
			field{"max", optional, r.fixed(&role.Max)},
			field{"privileged", optional, r.yes(&role.Privileged)},
		)
		for _, t := range p.Targets {
			name := fmt.Sprintf("%s%s_%s", t.Prefix, a.ID, role.ID)
			if t.ID == a.Target && t.Kind == "postgres" && len(name) > maxRoleName {
				r.refuse(n, "the name %s is longer than the 63 bytes that PostgreSQL takes; shorten the ids", "名称 %s 超过 PostgreSQL 允许的 63 字节，请缩短标识", name)
			}
		}
		a.Roles = append(a.Roles, role)
	})
}

func (r *reader) title(dst *Text) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.mapping(n,
			field{"zh", optional, r.text(&dst.ZH)},
			field{"en", optional, r.text(&dst.EN)},
		)
	}
}
