package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

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
