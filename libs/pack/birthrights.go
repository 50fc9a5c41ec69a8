package pack

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"

	"cel.dev/cel-go/common/types"
)

// Post is what the matrix looks at.
type Post struct {
	Position   string
	Unit       []string // names from the root
	Kind       string   // employee, intern, …
	Attributes map[string]string
}

// Birthright is a right that somebody has because of a post.
type Birthright struct {
	Application string
	Role        string
	Rule        string // the line that gives it, for example "matrix[3]"
	Target      string
}

// Birthrights are the rights that come with a post, each once, under the first
// line that gives it. A condition that cannot be computed, for example because
// it asks for the third unit of a path of two, does not hold.
func (p *Pack) Birthrights(post Post) []Birthright {
	if p.matrix == nil {
		return nil
	}
	return slices.Clone(p.matrix.birthrights(post))
}

// remembered is how many different posts a matrix keeps the answer for.
const remembered = 20_000

// matrix finds the lines for a post without trying all, and remembers answers:
// many people have the same post.
type matrix struct {
	pack       *Pack
	lines      []line
	byPosition map[string][]int // those of a position and those of any, in order
	anywhere   []int            // those of any position

	mu      sync.RWMutex
	answers map[string][]Birthright
}

type line struct {
	index int
	Line
	where program
}

func newMatrix(p *Pack) *matrix {
	return &matrix{pack: p, byPosition: map[string][]int{}, answers: map[string][]Birthright{}}
}

// add takes lines in their order.
func (m *matrix) add(index int, l Line, where program) {
	at := len(m.lines)
	m.lines = append(m.lines, line{index: index, Line: l, where: where})
	if l.Position == "" {
		m.anywhere = append(m.anywhere, at)
		for position := range m.byPosition {
			m.byPosition[position] = append(m.byPosition[position], at)
		}
		return
	}
	if _, ok := m.byPosition[l.Position]; !ok {
		m.byPosition[l.Position] = slices.Clone(m.anywhere)
	}
	m.byPosition[l.Position] = append(m.byPosition[l.Position], at)
}

func (m *matrix) birthrights(post Post) []Birthright {
	key := post.key()
	m.mu.RLock()
	answer, ok := m.answers[key]
	m.mu.RUnlock()
	if ok {
		return answer
	}
	answer = m.evaluate(post)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.answers) >= remembered {
		clear(m.answers)
	}
	m.answers[key] = answer
	return answer
}

func (m *matrix) evaluate(post Post) []Birthright {
	candidates, ok := m.byPosition[post.Position]
	if !ok {
		candidates = m.anywhere
	}
	facts := map[string]any{
		"attributes": newAttributes(post.Attributes), "position": post.Position,
		"unit": types.NewStringList(types.DefaultTypeAdapter, post.Unit), "kind": post.Kind,
	}
	var rights []Birthright
	given := map[Grant]bool{}
	for _, i := range candidates {
		l := m.lines[i]
		if !holds(l.where, facts) {
			continue
		}
		for _, g := range l.Grants {
			if given[g] {
				continue
			}
			given[g] = true
			a, _, _ := m.pack.Role(g)
			rights = append(rights, Birthright{Application: g.Application, Role: g.Role, Rule: fmt.Sprintf("matrix[%d]", l.index), Target: a.Target})
		}
	}
	return rights
}

// key tells posts apart: every part behind its length, attributes in order.
func (p Post) key() string {
	b := make([]byte, 0, 128)
	add := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	add(p.Position)
	add(p.Kind)
	b = binary.AppendUvarint(b, uint64(len(p.Unit)))
	for _, u := range p.Unit {
		add(u)
	}
	for _, k := range slices.Sorted(maps.Keys(p.Attributes)) {
		add(k)
		add(p.Attributes[k])
	}
	return string(b)
}
