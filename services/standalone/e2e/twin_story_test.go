package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

const twinMap = `source: hr
columns:
  employee_number: number
  name: name
  email: email
  position: position
  kind: kind
  unit: [unit1, unit2, unit3]
  supervisor: {column: supervisor, match: number}
  attributes.project: project
guard: 50%
`

// twinMatrix goes by position, project, unit and kind. Two projects share a
// role, so that a change between them means nothing.
func twinMatrix(shared string) []line {
	is := func(project string) func(post) bool { return func(p post) bool { return p.project == project } }
	in := func(unit string) func(post) bool { return func(p post) bool { return slices.Contains(p.unit, unit) } }
	return []line{
		{position: "engineer", holds: always, grants: []string{"code/reader"}},
		{position: "engineer", where: `attributes.project != ""`, holds: func(p post) bool { return p.project != "" }, grants: []string{"code/writer"}},
		{position: "analyst", holds: always, grants: []string{"data/reader", "code/reader"}},
		{position: "manager", holds: always, grants: []string{"report/reader"}},
		{where: `attributes.project == "P1"`, holds: is("P1"), grants: []string{"project/shared"}},
		{where: `attributes.project == "P2"`, holds: is("P2"), grants: []string{"project/p2"}},
		{where: `attributes.project == "P3"`, holds: is("P3"), grants: []string{"project/p3"}},
		{where: `attributes.project == "P4"`, holds: is("P4"), grants: []string{"project/" + shared}},
		{where: `"研发中心" in unit`, holds: in("研发中心"), grants: []string{"lab/entry"}},
		{where: `"销售部" in unit || "市场部" in unit`, holds: func(p post) bool { return in("销售部")(p) || in("市场部")(p) }, grants: []string{"crm/user"}},
		{where: `kind != "intern"`, holds: func(p post) bool { return p.kind != "intern" }, grants: []string{"office/mail"}},
	}
}

// twin is a company that lives: people come, move, leave and come back, and
// units are renamed, moved and merged.
type twin struct {
	random *rand.Rand
	people map[string]post
	// unit is where a person works; paths are where units are.
	unit  map[string]string
	paths map[string][]string
	heads map[string]string
	gone  []string
	next  int
}

// twinStory is a company of so many people over so many months, with a second
// pack in the middle. The same seed tells the same story.
func twinStory(seed uint64, people, months int) story {
	w := &twin{
		random: rand.New(rand.NewPCG(seed, 200)), people: map[string]post{}, unit: map[string]string{}, heads: map[string]string{},
		paths: map[string][]string{
			"a": {"总部", "研发中心", "平台组"}, "b": {"总部", "研发中心", "应用组"}, "c": {"总部", "研发中心", "测试组"},
			"d": {"总部", "销售部", "华东区"}, "e": {"总部", "销售部", "华北区"}, "f": {"总部", "市场部"}, "g": {"总部", "财务部"},
		},
	}
	s := story{mapping: twinMap}
	matrix := twinMatrix("shared")
	s.steps = append(s.steps, step{name: "pack-1", pack: packText(1, "2020-01-01T00:00:00+08:00", matrix), matrix: matrix})
	for range people {
		w.join()
	}
	for m := range months {
		if m > 0 {
			w.month(m)
		}
		date := back(months - m)
		if m == months/2 {
			matrix = twinMatrix("p4")
			text := packText(2, date+"T00:00:00+08:00", matrix)
			s.steps = append(s.steps, step{name: "pack-2", date: date, pack: text, matrix: matrix, people: s.last().people})
		}
		posts := w.posts()
		s.steps = append(s.steps, step{name: fmt.Sprintf("month-%02d", m+1), date: date, snapshot: twinFile(posts), matrix: matrix, people: posts})
	}
	return s
}

// twinFile writes the file of a month.
func twinFile(people map[string]post) string {
	var b strings.Builder
	b.WriteString("number,name,email,position,kind,unit1,unit2,unit3,supervisor,project\n")
	for _, n := range slices.Sorted(maps.Keys(people)) {
		p := people[n]
		unit := append(slices.Clone(p.unit), "", "")[:3]
		fmt.Fprintf(&b, "%s,%s,%s,%s,%s,%s,%s,%s\n", n, p.name, p.email, p.position, p.kind, strings.Join(unit, ","), p.supervisor, p.project)
	}
	return b.String()
}
