package pack_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ostiary/ostiary/libs/pack"
)

func example(tb testing.TB) []byte {
	tb.Helper()
	body, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func parse(tb testing.TB, body string) *pack.Pack {
	tb.Helper()
	p, problems := pack.Parse([]byte(body))
	if len(problems) > 0 {
		tb.Fatalf("refused: %v", problems)
	}
	return p
}

func TestTheWholePackIsKept(t *testing.T) {
	t.Parallel()
	got := parse(t, string(example(t)))
	reader, create, approve := pack.Grant{Application: "orders", Role: "reader"}, pack.Grant{Application: "pay", Role: "create"}, pack.Grant{Application: "pay", Role: "approve"}
	want := &pack.Pack{
		Version: 3, Effective: time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC),
		Sources: []pack.Source{{Name: "peoplesoft", Silence: pack.Duration{Count: 24, Unit: "h"}}},
		Units:   []pack.Unit{{Path: []string{"总部", "研发部"}, Head: "E0007"}},
		Applications: []pack.Application{
			{ID: "orders", Title: pack.Text{ZH: "订单库", EN: "Orders"}, Owner: "E0031", Target: "orders-db", Roles: []pack.Role{
				{ID: "reader", Level: "B", Max: pack.Duration{Count: 365, Unit: "d"}},
				{ID: "writer", Level: "A", Max: pack.Duration{Count: 90, Unit: "d"}, Privileged: true},
			}},
			{ID: "pay", Title: pack.Text{ZH: "付款", EN: "Payments"}, Owner: "E0031", Target: "by-hand", Roles: []pack.Role{{ID: "create"}, {ID: "approve"}}},
		},
		Matrix:    []pack.Line{{Position: "backend-engineer", Where: `attributes.project == "P2"`, Grants: []pack.Grant{reader}}},
		DutyRules: []pack.DutyRule{{ID: "pay-create-approve", Forbid: []pack.Grant{create, approve}, Scope: "person"}},
		Routes: []pack.Route{
			{ID: "reference", When: `role.level == "B"`, Steps: []pack.Step{
				{Signers: []string{"supervisor"}, Quorum: 1, Due: pack.Duration{Count: 2, Unit: "wd"}},
				{Signers: []string{"role_owner"}, Quorum: 1, Due: pack.Duration{Count: 2, Unit: "wd"}},
			}},
			{ID: "privileged", When: "role.privileged", Steps: []pack.Step{
				{Signers: []string{"unit_head"}, Quorum: 1},
				{Signers: []string{"role_owner", "function:security"}, Quorum: 1},
			}},
		},
		Functions:       []pack.Function{{Name: "security", Holders: []string{"E0102", "E0103"}}},
		Escalation:      &pack.Escalation{Remind: pack.Duration{Count: 1, Unit: "wd"}, To: "unit_head"},
		Clearance:       pack.Clearance{Departure: []string{"default", "admin_confirmation"}, Transfer: []string{"default"}},
		PasswordProfile: "cn-classic",
		Targets: []pack.Target{
			{ID: "orders-db", Kind: "postgres", DSNEnv: "ORDERS_DSN", Prefix: "ost_"},
			{ID: "by-hand", Kind: "manual"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(pack.Pack{})); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsLeftOutHasADefault(t *testing.T) {
	t.Parallel()
	p := parse(t, header)
	want := pack.Clearance{Departure: []string{"default"}, Transfer: []string{"default"}}
	if p.PasswordProfile != "cn-classic" || !cmp.Equal(p.Clearance, want) || p.Escalation != nil {
		t.Errorf("defaults: %+v", p)
	}
	if rights := p.Birthrights(pack.Post{Position: "x"}); len(rights) != 0 {
		t.Errorf("rights without a matrix: %v", rights)
	}
	p = parse(t, header+"targets: [{id: d, kind: postgres, dsn_env: D}]\n"+
		"functions: {it: [E1]}\nclearance: {departure: ['sign_off:unit', 'sign_off:总部/财务部', 'sign_off:function:it']}\n"+
		"units: [{path: [总部], head: 0042}]\n")
	if p.Targets[0].Prefix != "ost_" || p.Units[0].Head != "0042" || len(p.Clearance.Departure) != 3 {
		t.Errorf("read as %+v", p)
	}
}

func TestAFloodOfProblemsIsCut(t *testing.T) {
	t.Parallel()
	if _, problems := pack.Parse([]byte(header + strings.Repeat("nonsense: 1\n", 1000))); len(problems) != 100 || problems[99].Line != 102 {
		t.Errorf("%d problems", len(problems))
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	if got := pack.Digest([]byte("abc")); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("digest = %s", got)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for s, hours := range map[string]int{"24h": 24, "365d": 365 * 24, "2w": 14 * 24} {
		d, ok := pack.ParseDuration(s)
		if fixed, isFixed := d.Fixed(); !ok || !isFixed || fixed != time.Duration(hours)*time.Hour || d.String() != s {
			t.Errorf("%s = %v, %v", s, d, fixed)
		}
	}
	d, ok := pack.ParseDuration("2wd")
	if _, fixed := d.Fixed(); !ok || fixed || d.String() != "2wd" {
		t.Errorf("2wd = %v, fixed %v", d, fixed)
	}
	for _, s := range []string{"", "2", "d", "0d", "-1d", "1.5d", "02d", "2 d", "2m", "999999d", "2wdd"} {
		if d, ok := pack.ParseDuration(s); ok {
			t.Errorf("%q was read as %v", s, d)
		}
	}
}

// breaks are what YAML counts as ends of lines.
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func FuzzParse(f *testing.F) {
	f.Add(example(f))
	f.Add([]byte("\r\r0"))
	for _, c := range refusals {
		if len(c.body) < pack.MaxBytes { // a huge seed keeps the fuzzer from varying the others
			f.Add([]byte(c.body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, problems := pack.Parse(body)
		if (p == nil) == (len(problems) == 0) {
			t.Fatalf("neither a pack nor a problem, or both: %v", problems)
		}
		if len(problems) > 100 {
			t.Errorf("%d problems at once", len(problems))
		}
		for _, problem := range problems {
			if problem.Line < 1 || problem.Column < 1 || problem.Message == "" || problem.MessageZH == "" {
				t.Errorf("incomplete: %+v", problem)
			}
			if last := strings.Count(breaks.Replace(string(body)), "\n") + 2; problem.Line > last {
				t.Errorf("line %d is behind the end %d", problem.Line, last)
			}
		}
		if p != nil {
			p.Birthrights(pack.Post{Position: "x", Unit: []string{"a"}})
			if d := pack.Diff(p, p); len(d) != 0 {
				t.Errorf("differs from itself: %v", d)
			}
		}
	})
}
