package e2e

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// staff are ten people that HR has sent before; each row ends with the project.
func staff() []string {
	var rows []string
	for n := 1; n <= 10; n++ {
		rows = append(rows, fmt.Sprintf("E%d,某人,e%d@example.com,backend-engineer,总部,研发部,,P2", n, n))
	}
	return rows
}

func snapshot(rows ...string) string { return peopleHeader + strings.Join(rows, "\n") + "\n" }

// Whatever is wrong with a file or a pack, its user reads in the own language
// what it is, where it stands and what to do, a program reads the reason, and
// nothing is half-done.
//
// Covers: IDN-012
func TestWrongInput(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.do("policy", "apply", i.write("pack.yaml", ordersPack))
	mapping := i.write("map.yaml", strings.Replace(peopleMap, "guard: 60%", "guard: 10%", 1))
	i.do("hr", "import", i.write("staff.csv", snapshot(staff()...)), "--map", mapping, "--wait", "60s")
	files := 0
	file := func(rows ...string) []string {
		files++
		return []string{"hr", "import", i.write(fmt.Sprintf("wrong-%d.csv", files), snapshot(append(staff(), rows...)...)), "--map", mapping, "--dry-run"}
	}

	for _, c := range []struct {
		name string
		args []string
		code int
		// reason is found in what a program reads.
		reason string
		// en and zh are found in what a person reads.
		en, zh []string
	}{
		{
			"a snapshot that misses 30 %", []string{"hr", "import", i.write("short.csv", snapshot(staff()[:7]...)), "--map", mapping, "--dry-run"}, 3, `"held":true`,
			[]string{"leavers 3", "3 of 10 active people of peoplesoft", "10%", "--confirm "}, []string{"离职 3", "3 名在职人员", "共 10 名", "--confirm "},
		},
		{
			"a unit cycle", file("E21,某人,,manager,甲部,乙部,,", "E22,某人,,manager,乙部,甲部,,"), 0, "HR_UNIT_CYCLE",
			[]string{"row 12 E21", "row 13 E22", "its own ancestor", "correct the units in HR", "乙部"}, []string{"第 12 行 E21", "第 13 行 E22", "成为自身的上级", "更正", "乙部"},
		},
		{
			"a supervisor loop", file("E21,某人,,manager,总部,,E22,", "E22,某人,,manager,总部,,E21,"), 0, "HR_SUPERVISOR_LOOP",
			[]string{"row 12 E21", "row 13 E22", "in a circle", "E21 → E22 → E21"}, []string{"第 12 行 E21", "互为上级", "E21 → E22 → E21"},
		},
		{
			"an unknown post", file("E21,某人,,back-end-engineer,总部,,,"), 0, "HR_POSITION_UNKNOWN",
			[]string{"back-end-engineer (1 person)", "no birthright"}, []string{"back-end-engineer（1 人）", "岗位矩阵"},
		},
		{
			"a row in GBK in a file in UTF-8", file("E21,\xd5\xc5\xc8\xfd,,manager,总部,,,"), 0, "HR_ROW_ENCODING",
			[]string{"row 12 E21", "encoding: gbk", "(name)"}, []string{"第 12 行 E21", "encoding: gbk", "(name)"},
		},
		{
			"a file without a column", []string{"hr", "import", i.write("columns.csv", "number,name\nE1,某人\n"), "--map", mapping}, 2, "HR_COLUMN_MISSING",
			[]string{"lacks a column", "column: "}, []string{"缺少映射中的列", "列："},
		},
		{
			"a map with a misspelt field", []string{"hr", "import", i.work + "/staff.csv", "--map", i.write("wrong.yaml", strings.Replace(peopleMap, "  email:", "  emial:", 1))}, 2, "HR_MAP_INVALID",
			[]string{"emial"}, []string{"列映射无法使用", "emial"},
		},
		{
			"a pack with a misspelt role", []string{"policy", "apply", i.write("wrong-pack.yaml", strings.NewReplacer("version: 1", "version: 2", "grants: [orders/reader]", "grants: [orders/raeder]").Replace(ordersPack))}, 2, "PACK_INVALID",
			[]string{"11:43: ", `"orders/raeder"`, "orders/reader", "Nothing was recorded"}, []string{"11:43：", "“orders/raeder”", "未记录任何内容"},
		},
	} {
		before := i.positions()
		for lang, parts := range map[string][]string{"en": c.en, "zh-CN": c.zh} {
			r := i.call(nil, append(c.args, "--lang", lang)...)
			if r.code != c.code {
				t.Errorf("%s: exit %d, want %d", c.name, r.code, c.code)
			}
			for _, part := range parts {
				if !strings.Contains(r.out+r.err, part) {
					t.Errorf("%s: %q is missing in\n%s%s", c.name, part, r.out, r.err)
				}
			}
		}
		if r := i.call(nil, append(c.args, "--json")...); r.code != c.code || !strings.Contains(r.out+r.err, c.reason) {
			t.Errorf("%s: exit %d, want %d and %s in\n%s%s", c.name, r.code, c.code, c.reason, r.out, r.err)
		}
		if after := i.positions(); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: something was recorded: %v, before %v", c.name, after, before)
		}
	}
	i.heldUntilConfirmed(mapping)
	i.quarantinedAlone(mapping)
}

// heldUntilConfirmed expects that a snapshot beyond the guard does nothing but
// say so, and that only its own digest lets it through.
func (i *installation) heldUntilConfirmed(mapping string) {
	i.t.Helper()
	short := i.work + "/short.csv"
	before := i.positions()
	held := i.call(nil, "hr", "import", short, "--map", mapping, "--json")
	answer := parse(i.t, held.out)
	if held.code != 3 || answer["held"] != true || answer["leavers"] != 3.0 {
		i.t.Fatalf("exit %d %s%s", held.code, held.out, held.err)
	}
	i.refused(3, "HR_CONFIRM_MISMATCH", "hr", "import", short, "--map", mapping, "--confirm", strings.Repeat("0", 64))
	after := i.positions()
	for _, s := range []string{"access-request", "provisioning", "policy"} {
		if after[s] != before[s] {
			i.t.Errorf("%s recorded something because of what is held", s)
		}
	}
	if last := i.lines("history", "--stream", "snapshot-"+answer["snapshot"].(string)); len(last) != 1 || last[0]["type"] != "HrSnapshotHeld" {
		i.t.Errorf("the held snapshot left %v", last)
	}
	if all := rights(i.t, i.target()); len(all) != 20 {
		i.t.Errorf("the target shows %v", all)
	}
	if r := i.object("hr", "import", short, "--map", mapping, "--confirm", answer["digest"].(string), "--wait", "60s"); r["held"] != false || r["leavers"] != 3.0 {
		i.t.Errorf("the confirmed snapshot says %v", r)
	}
	if all := rights(i.t, i.target()); len(all) != 14 {
		i.t.Errorf("after the confirmation the target shows %v", all)
	}
}

// quarantinedAlone expects that wrong rows touch nobody, neither those whose
// rows they are nor the others, and that the right rows of the file count.
func (i *installation) quarantinedAlone(mapping string) {
	i.t.Helper()
	rows := staff()[:7]
	rows[1] = "E2,\xd5\xc5\xc8\xfd,e2@example.com,manager,总部,,,"
	rows[2] = "E3,某人,e3@example.com,manager,总部,,E4,"
	rows[3] = "E4,某人,e4@example.com,manager,总部,,E3,"
	rows = append(rows, "E21,某人,,backend-engineer,甲部,乙部,,", "E22,某人,,backend-engineer,乙部,甲部,,", "E23,某人,,backend-engineer,总部,,,")
	before := rights(i.t, i.target())
	result := i.object("hr", "import", i.write("wrong.csv", snapshot(rows...)), "--map", mapping, "--wait", "60s")
	var quarantined []string
	for _, q := range result["quarantined"].([]any) {
		row := q.(map[string]any)
		quarantined = append(quarantined, fmt.Sprint(row["row"], " ", row["employee_number"], " ", row["reason"]))
	}
	if want := []string{"3 E2 HR_ROW_ENCODING", "4 E3 HR_SUPERVISOR_LOOP", "5 E4 HR_SUPERVISOR_LOOP", "9 E21 HR_UNIT_CYCLE", "10 E22 HR_UNIT_CYCLE"}; !slices.Equal(quarantined, want) {
		i.t.Errorf("quarantined are %q, want %q", quarantined, want)
	}
	if result["joiners"] != 1.0 || result["movers"] != 0.0 || result["leavers"] != 0.0 {
		i.t.Errorf("the import says %v", result)
	}
	for _, number := range []string{"E21", "E22"} {
		if r := i.call(nil, "person", "show", number); r.code != 4 {
			i.t.Errorf("%s was taken on: exit %d %s", number, r.code, r.out)
		}
	}
	for _, number := range []string{"E2", "E3", "E4"} {
		if p := i.object("person", "show", number); p["state"] != "active" || p["position"] != "backend-engineer" {
			i.t.Errorf("a wrong row changed %v", p)
		}
	}
	want := append(slices.Clone(before), "ost_E23 ost_orders_reader")
	slices.Sort(want)
	if got := rights(i.t, i.target()); !slices.Equal(got, want) {
		i.t.Errorf("the target shows %v, want %v", got, want)
	}
}

// positions are how far each service is. Audit follows the others.
func (i *installation) positions() map[string]any {
	i.t.Helper()
	all := map[string]any{}
	for _, s := range i.object("status")["services"].([]any) {
		service := s.(map[string]any)
		if name := service["service"].(string); name != "audit" {
			all[name] = service["position"]
		}
	}
	return all
}
