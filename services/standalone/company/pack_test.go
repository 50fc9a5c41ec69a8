package company

import (
	"fmt"
	"strings"
	"time"
)

// zone is where the companies' days begin and end.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// begin is a Monday, 12:00 in Shanghai.
var begin = time.Date(2026, 3, 2, 12, 0, 0, 0, zone)

// packText is the pack of so many companies. Each has one application with five
// roles, which the oracle knows by heart:
//
//	desk    every clerk and lead has it by post; may be asked for
//	ledger  clerks with the attribute book have it by post; may be asked for
//	check   leads have it by post; may be asked for; never beside pay
//	pay     is asked for
//	vault   is asked for, privileged; never beside ledger
func packText(companies int) string {
	var b strings.Builder
	each := func(title, line string) {
		b.WriteString(title + "\n")
		for n := 1; n <= companies; n++ {
			b.WriteString(strings.ReplaceAll(line, "%", fmt.Sprintf("%02d", n)) + "\n")
		}
	}
	b.WriteString("version: 1\neffective: 2026-01-01T00:00:00+08:00\n")
	b.WriteString("targets: [{id: doors, kind: postgres, dsn_env: COMPANY_DSN, prefix: \"ost_\"}]\n")
	each("sources:", `  - {name: c%}`)
	each("units:", `  - {path: [总部, 部门%], head: E%01}`)
	each("functions:", `  guards%: [E%04, E%05]`)
	var leaders []string
	for n := 1; n <= companies; n++ {
		leaders = append(leaders, fmt.Sprintf("E%02d06", n))
	}
	b.WriteString("  leadership: [" + strings.Join(leaders, ", ") + "]\n")
	each("applications:", `  - {id: a%, owner: E%02, target: doors, roles: [{id: desk, level: D, max: 60d}, {id: ledger, level: D, max: 60d}, {id: check, level: B, max: 60d}, {id: pay, level: B, max: 60d}, {id: vault, level: A, max: 60d, privileged: true}]}`)
	each("matrix:", `  - {position: clerk%, grants: [a%/desk]}
  - {position: clerk%, where: 'attributes.book == "yes"', grants: [a%/ledger]}
  - {position: lead%, grants: [a%/desk, a%/check]}`)
	each("duty_rules:", `  - {id: hands%, forbid: [a%/pay, a%/check], scope: person}
  - {id: keys%, forbid: [a%/ledger, a%/vault], scope: person}`)
	b.WriteString(`routes:
  - {id: simple, when: 'role.level == "D"', steps: [{by: supervisor, due: 48h}]}
  - {id: double, when: 'role.level == "B"', steps: [{by: supervisor, due: 48h}, {by: role_owner, due: 72h}]}
`)
	each("", `  - {id: secure%, when: 'role.privileged && role.application == "a%"', steps: [{by: unit_head, due: 72h}, {any: [role_owner, "function:guards%", supervisor], quorum: 2, due: 96h}]}`)
	b.WriteString("escalation: {remind: 24h, to: unit_head}\n")
	return b.String()
}
