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

// month is what happens between two files.
func (w *twin) month(m int) {
	for range 6 {
		w.join()
	}
	if len(w.gone) > 3 {
		for range 3 {
			w.returns()
		}
	}
	for range 6 {
		w.leave()
	}
	for range 12 {
		w.move()
	}
	w.reorganise(m)
}

func (w *twin) anybody() string {
	return slices.Sorted(maps.Keys(w.people))[w.random.IntN(len(w.people))]
}

func (w *twin) anyUnit() string {
	return slices.Sorted(maps.Keys(w.paths))[w.random.IntN(len(w.paths))]
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func (w *twin) join() {
	w.next++
	number := fmt.Sprintf("E%04d", w.next)
	w.people[number] = post{name: fmt.Sprintf("某人%d", w.next), email: strings.ToLower(number) + "@example.com"}
	w.settle(number)
}

// settle gives a person a post.
func (w *twin) settle(number string) {
	p := w.people[number]
	p.position = pick(w.random, "engineer", "engineer", "engineer", "analyst", "manager", "clerk")
	p.project = pick(w.random, "", "P1", "P2", "P3", "P4")
	p.kind = pick(w.random, "employee", "employee", "employee", "employee", "intern")
	w.people[number], w.unit[number] = p, w.anyUnit()
}

func (w *twin) leave() {
	number := w.anybody()
	delete(w.people, number)
	w.gone = append(w.gone, number)
}

// returns is a rehire: the same number, another post.
func (w *twin) returns() {
	i := w.random.IntN(len(w.gone))
	number := w.gone[i]
	w.gone = slices.Delete(w.gone, i, i+1)
	w.people[number] = post{name: "某人" + strings.TrimLeft(number, "E0"), email: strings.ToLower(number) + "@example.com"}
	w.settle(number)
}

func (w *twin) move() {
	number := w.anybody()
	p := w.people[number]
	switch w.random.IntN(4) {
	case 0:
		p.position = pick(w.random, "engineer", "analyst", "manager", "clerk")
	case 1, 2:
		p.project = pick(w.random, "", "P1", "P2", "P3", "P4")
	default:
		w.unit[number] = w.anyUnit()
	}
	w.people[number] = p
}

// reorganise renames a unit, moves one to another parent, merges two or
// replaces a head, in turn.
func (w *twin) reorganise(m int) {
	from, to := w.anyUnit(), w.anyUnit()
	path := slices.Clone(w.paths[from])
	switch m % 4 {
	case 1:
		path[len(path)-1] = fmt.Sprintf("新组%d", m)
		w.paths[from] = path
	case 2:
		w.paths[from] = []string{"总部", pick(w.random, "研发中心", "销售部", "运营部"), path[len(path)-1]}
	case 3:
		if from == to || len(w.paths) <= 3 {
			return
		}
		for number, unit := range w.unit {
			if unit == from {
				w.unit[number] = to
			}
		}
		delete(w.paths, from)
	default:
		delete(w.heads, from)
	}
}

// posts are the posts as HR would write them now.
func (w *twin) posts() map[string]post {
	numbers := slices.Sorted(maps.Keys(w.people))
	chief := numbers[0]
	for u := range w.paths {
		if head := w.heads[u]; w.people[head].name == "" || w.unit[head] != u {
			w.heads[u] = ""
		}
	}
	for _, n := range slices.Backward(numbers) {
		if u := w.unit[n]; w.heads[u] == "" {
			w.heads[u] = n
		}
	}
	people := map[string]post{}
	for _, n := range numbers {
		p := w.people[n]
		p.unit = w.paths[w.unit[n]]
		switch n {
		case chief:
		case w.heads[w.unit[n]]:
			p.supervisor = chief
		default:
			p.supervisor = w.heads[w.unit[n]]
		}
		people[n] = p
	}
	return people
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
