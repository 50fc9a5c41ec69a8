package pack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/libs/pack"
)

// header is two lines; what a test adds starts on line 3.
const header = "version: 1\neffective: 2026-12-01T00:00:00+08:00\n"

// shop adds lines 3 and 4.
const shop = header +
	"targets: [{id: db, kind: postgres, dsn_env: D}]\n" +
	"applications: [{id: orders, target: db, roles: [{id: reader}, {id: writer}]}]\n"

// refusals are packs with something wrong and the beginnings of all problems.
var refusals = []struct {
	name, body string
	want       []string
}{
	{"empty", "", []string{"1:1: the pack is empty"}},
	{"only a comment", "# nothing\n", []string{"1:1: the pack is empty"}},
	{"a list", "- a\n", []string{"1:1: expected a mapping with the keys version, effective,"}},
	{"not YAML", header + "units: [\n", []string{"3:1: not YAML: did not find expected node content"}},
	{"tab", header + "units:\n\t- a\n", []string{"4:1: not YAML: found character that cannot start any token"}},
	{"two documents", header + "---\nversion: 2\n", []string{"3:1: a pack is one YAML document"}},
	{"too large", header + "#" + strings.Repeat("x", pack.MaxBytes), []string{"1:1: the pack is larger than 448 KiB"}},
	{"anchor and alias", header + "units: [{path: &p [a], head: E1}, {path: *p, head: E2}]\n", []string{
		"3:16: anchors and aliases are not allowed", "3:42: anchors and aliases are not allowed",
	}},
	{"tag", header + "password_profile: !!str cn-classic\n", []string{"3:19: tags are not allowed; remove !!str"}},

	{"nothing but a version", "version: 1\n", []string{`1:1: "effective" is missing`}},
	{"version 0", strings.Replace(header, "1", "0", 1), []string{"1:10: expected a whole number from 1"}},
	{"version as text", strings.Replace(header, "1", "'1'", 1), []string{"1:10: expected a whole number from 1"}},
	{"version with a fraction", strings.Replace(header, "1", "1.5", 1), []string{"1:10: expected a whole number from 1"}},
	{"a date", "version: 1\neffective: 2026-12-01\n", []string{"2:12: expected an instant such as 2026-12-01T00:00:00+08:00"}},
	{"an instant without offset", "version: 1\neffective: 2026-12-01T00:00:00\n", []string{"2:12: expected an instant"}},
	{"unknown key", header + "matrx: []\n", []string{`3:1: unknown key "matrx"; did you mean "matrix"?`}},
	{"unknown key inside", header + "sources: [{name: a, quiet: 1h}]\n", []string{`3:21: unknown key "quiet"; known are name, silence`}},
	{"key twice", header + "sources: []\nsources: []\n", []string{`4:1: the key "sources" is given twice`}},
	{"not a list", header + "sources: peoplesoft\n", []string{"3:10: expected a list"}},
	{"null", header + "sources:\n", []string{"3:9: expected a list"}},

	{"source twice", header + "sources:\n  - name: a\n  - name: a\n", []string{`5:11: "a" is there twice`}},
	{"source name", header + "sources: [{name: People Soft}]\n", []string{"3:18: expected an id of a–z"}},
	{"bad duration", header + "sources: [{name: a, silence: 1day}]\n", []string{"3:30: expected a duration such as 24h"}},
	{"working days as silence", header + "sources: [{name: a, silence: 1wd}]\n", []string{"3:30: working days cannot be used here"}},
	{"unit without path", header + "units: [{path: [], head: E1}]\n", []string{"3:16: the list needs at least 1"}},
	{"unit path as text", header + "units: [{path: 总部/研发部, head: E1}]\n", []string{"3:16: expected a list"}},
	{"slash in a unit", header + "units: [{path: [总部/研发部], head: E1}]\n", []string{"3:17: the name of a unit cannot hold a slash"}},
	{"unit twice", header + "units: [{path: [a, b], head: E1}, {path: [a, b], head: E2}]\n", []string{`3:42: "a/b" is there twice`}},
	{"unit too deep", header + "units: [{path: [a, b, c, d, e, f, g, h, i, j, k], head: E1}]\n", []string{"3:16: a unit path has at most 10 levels"}},
	{"unit name a number", header + "units: [{path: [1], head: E1}]\n", []string{"3:17: expected text; put it in quotes"}},
	{"head", header + "units: [{path: [a], head: 'E 1'}]\n", []string{"3:27: expected an employee number"}},

	{"target kind", header + "targets: [{id: a, kind: postgress, dsn_env: D}]\n", []string{`3:25: there is no kind of target "postgress"; did you mean "postgres"?`}},
	{"postgres without address", header + "targets: [{id: a, kind: postgres}]\n", []string{"3:11: a postgres target needs dsn_env"}},
	{"manual with address", header + "targets: [{id: a, kind: manual, dsn_env: D}]\n", []string{"3:11: a manual target has neither"}},
	{"address instead of a name", header + "targets: [{id: a, kind: postgres, dsn_env: 'postgres://h'}]\n", []string{
		"3:11: a postgres target needs dsn_env", "3:44: expected the name of an environment variable",
	}},
	{"prefix", header + "targets: [{id: a, kind: postgres, dsn_env: D, prefix: 'o-'}]\n", []string{"3:55: expected a prefix"}},
	{"reserved prefix", header + "targets: [{id: a, kind: postgres, dsn_env: D, prefix: pg_}]\n", []string{"3:11: PostgreSQL keeps the prefix pg_"}},

	{"target not declared", header + "targets: [{id: orders-db, kind: manual}]\napplications: [{id: a, target: order-db, roles: [{id: r}]}]\n", []string{
		`4:32: there is no target "order-db"; did you mean "orders-db"?`,
	}},
	{"application without target", header + "applications: [{id: a, roles: [{id: r}]}]\n", []string{`3:16: "target" is missing`}},
	{"application twice", strings.Replace(shop, "applications: [", "applications: [{id: orders, target: db, roles: [{id: r}]}, ", 1), []string{`4:65: "orders" is there twice`}},
	{"role twice", strings.Replace(shop, "writer", "reader", 1), []string{`4:68: "reader" is there twice`}},
	{"no roles", header + "targets: [{id: db, kind: manual}]\napplications: [{id: a, target: db, roles: []}]\n", []string{"4:43: the list needs at least 1"}},
	{"title language", strings.Replace(shop, "id: orders,", "id: orders, title: {de: Auftrag},", 1), []string{`4:37: unknown key "de"; known are zh, en`}},
	{"privileged as text", strings.Replace(shop, "id: writer", "id: writer, privileged: 'yes'", 1), []string{"4:88: expected true or false"}},
	{"max in working days", strings.Replace(shop, "id: writer", "id: writer, max: 5wd", 1), []string{"4:81: working days cannot be used here"}},
	{"role name too long for the target", strings.Replace(strings.Replace(shop, "id: orders", "id: "+strings.Repeat("a", 30), 1), "id: writer", "id: "+strings.Repeat("b", 30), 1), []string{
		"4:87: the name ost_aaa",
	}},

	{"misspelt role in the matrix", shop + "matrix: [{position: a, grants: [orders/raeder]}]\n", []string{
		`5:33: no application has the role "orders/raeder" (written application/role); did you mean "orders/reader"?`,
	}},
	{"far from any role", shop + "matrix: [{grants: [mail/owner]}]\n", []string{`5:20: no application has the role "mail/owner" (written application/role); known are orders/reader, orders/writer`}},
	{"grant twice", shop + "matrix: [{grants: [orders/reader, orders/reader]}]\n", []string{`5:35: "orders/reader" is there twice`}},
	{"no grants", shop + "matrix: [{position: a}]\n", []string{`5:10: "grants" is missing`}},
	{"misspelt role in a duty rule", shop + "duty_rules: [{id: d, forbid: [orders/reader, order/writer]}]\n", []string{`5:46: no application has the role "order/writer" (written application/role); did you mean "orders/writer"?`}},
	{"duty rule with one right", shop + "duty_rules: [{id: d, forbid: [orders/reader]}]\n", []string{"5:30: the list needs at least 2"}},
	{"duty scope", shop + "duty_rules: [{id: d, forbid: [orders/reader, orders/writer], scope: persons}]\n", []string{`5:69: there is no scope "persons"; did you mean "person"?`}},

	{"condition on a number", shop + "matrix: [{where: 'attributes.project == 2', grants: [orders/reader]}]\n", []string{
		"5:38: the condition is wrong: found no matching overload for '_==_' applied to '(string, int)'",
	}},
	{"condition with an unknown name", shop + "matrix: [{where: posicion == \"x\", grants: [orders/reader]}]\n", []string{
		"5:18: the condition is wrong: undeclared reference to 'posicion'",
	}},
	{"condition that gives text", shop + "matrix: [{where: position, grants: [orders/reader]}]\n", []string{"5:18: the condition gives string; it must give true or false"}},
	{"condition that breaks off", shop + "matrix: [{where: 'position ==', grants: [orders/reader]}]\n", []string{"5:30: the condition is wrong: Syntax error"}},
	{"has() of an attribute", shop + "matrix: [{where: 'has(attributes.a)', grants: [orders/reader]}]\n", []string{"5:22: the condition is wrong: undeclared reference to 'has'"}},
	{"second line of a block", shop + "matrix:\n  - where: |\n      kind == 'employee' &&\n      kind == 1\n    grants: [orders/reader]\n", []string{
		"8:12: the condition is wrong: found no matching overload",
	}},
	{"folded condition", shop + "matrix:\n  - where: >\n      kind == 'employee' &&\n      kind == 1\n    grants: [orders/reader]\n", []string{
		"6:12: the condition is wrong: found no matching overload",
	}},
	{"two mistakes in one condition", shop + "matrix: [{where: 'a || b', grants: [orders/reader]}]\n", []string{
		"5:19: the condition is wrong: undeclared reference to 'a'", "5:24: the condition is wrong: undeclared reference to 'b'",
	}},
	{"blank condition", shop + "matrix: [{where: ' ', grants: [orders/reader]}]\n", []string{"5:18: the condition is blank; leave it out if it always holds"}},
	{"condition as a boolean", shop + "matrix: [{where: true, grants: [orders/reader]}]\n", []string{"5:18: expected text"}},
	{"route condition", shop + "routes: [{id: a, when: 'role.level == 1', steps: [{by: supervisor}]}]\n", []string{"5:36: the condition is wrong: found no matching overload"}},
	{"route condition with an unknown name", shop + "routes: [{id: a, when: 'role.risk == \"B\"', steps: [{by: supervisor}]}]\n", []string{"5:29: the condition is wrong: undeclared reference to 'role.risk'"}},
	{"matrix knows no role", shop + "matrix: [{where: 'role.privileged', grants: [orders/reader]}]\n", []string{"5:19: the condition is wrong: undeclared reference to 'role'"}},

	{"route without steps", header + "routes: [{id: a, steps: []}]\n", []string{"3:25: the list needs at least 1"}},
	{"route twice", header + "routes:\n  - {id: a, steps: [{by: supervisor}]}\n  - {id: a, steps: [{by: supervisor}]}\n", []string{`5:10: "a" is there twice`}},
	{"unknown signer", header + "routes: [{id: a, steps: [{by: supervisr}]}]\n", []string{`3:31: unknown signer "supervisr"; did you mean "supervisor"?`}},
	{"signer of an unknown form", header + "routes: [{id: a, steps: [{by: 'team:x'}]}]\n", []string{`3:31: unknown signer "team:x"; known are supervisor, unit_head, role_owner, function:NAME, employee:NR`}},
	{"employee without number", header + "routes: [{id: a, steps: [{by: 'employee:'}]}]\n", []string{`3:31: unknown signer "employee:"`}},
	{"unknown function", header + "functions: {security: [E1]}\nroutes: [{id: a, steps: [{any: ['function:sekurity']}]}]\n", []string{`4:33: there is no function "sekurity"; did you mean "security"?`}},
	{"nobody signs", header + "routes: [{id: a, steps: [{due: 2wd}]}]\n", []string{"3:26: a step needs exactly one of by, any and all"}},
	{"two ways to sign", header + "routes: [{id: a, steps: [{by: supervisor, all: [unit_head]}]}]\n", []string{"3:26: a step needs exactly one of by, any and all"}},
	{"quorum too high", header + "routes: [{id: a, steps: [{any: [supervisor, unit_head], quorum: 3}]}]\n", []string{"3:26: quorum 3 is more than the 2 signers"}},
	{"quorum with all", header + "routes: [{id: a, steps: [{all: [supervisor, unit_head], quorum: 2}]}]\n", []string{"3:26: quorum goes with any"}},
	{"signer twice", header + "routes: [{id: a, steps: [{all: [supervisor, supervisor]}]}]\n", []string{`3:45: "supervisor" is there twice`}},
	{"due", header + "routes: [{id: a, steps: [{by: supervisor, due: soon}]}]\n", []string{"3:48: expected a duration"}},
	{"function without holders", header + "functions: {security: []}\n", []string{"3:23: the list needs at least 1"}},
	{"function with one holder twice", header + "functions: {security: [E1, E1]}\n", []string{`3:28: "E1" is there twice`}},
	{"function twice", header + "functions:\n  it: [E1]\n  it: [E2]\n", []string{`5:3: "it" is there twice`}},
	{"functions as a list", header + "functions: [security]\n", []string{"3:12: expected a mapping of names"}},
	{"escalation", header + "escalation: {remind: 1wd, to: boss}\n", []string{`3:31: unknown signer "boss"`}},
	{"escalation to nobody", header + "escalation: {remind: 1wd}\n", []string{`3:13: "to" is missing`}},

	{"clearance item", header + "clearance: {departure: [default, keys]}\n", []string{`3:34: unknown clearance item "keys"`}},
	{"clearance of an unknown function", header + "clearance: {departure: ['sign_off:function:it']}\n", []string{`3:25: there is no function "it"`}},
	{"clearance without signer", header + "clearance: {departure: ['sign_off:']}\n", []string{`3:25: unknown clearance item "sign_off:"`}},
	{"clearance by another form", header + "clearance: {transfer: ['sign_off:employee:E1']}\n", []string{`3:24: unknown clearance item "sign_off:employee:E1"`}},
	{"clearance item twice", header + "clearance: {transfer: [default, default]}\n", []string{`3:33: "default" is there twice`}},
	{"empty clearance", header + "clearance: {transfer: []}\n", []string{"3:23: the list needs at least 1"}},
	{"password profile", header + "password_profile: cn-classik\n", []string{`3:19: there is no password profile "cn-classik"; did you mean "cn-classic"?`}},
	{"everything at once, in order", header + "passwordprofile: x\nsources: [{name: A}]\nmatrix: [{grants: [a/b]}]\n", []string{
		`3:1: unknown key "passwordprofile"; did you mean "password_profile"?`, "4:18: expected an id", `5:20: no application has the role "a/b"`,
	}},
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, problems := pack.Parse([]byte(c.body))
			if (p == nil) != (len(c.want) > 0) {
				t.Fatalf("pack = %v, problems %v", p, problems)
			}
			var got []string
			for i, problem := range problems {
				s := problem.String()
				if i < len(c.want) && strings.HasPrefix(s, c.want[i]) {
					s = c.want[i]
				}
				got = append(got, s)
				if !strings.ContainsFunc(problem.MessageZH, func(r rune) bool { return r > 0x2e80 }) {
					t.Errorf("not in Chinese: %q", problem.MessageZH)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
