package pack_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/libs/pack"
)

const matrix = shop + `matrix:
  - {grants: [orders/reader], where: 'kind == "employee" && "研发部" in unit'}
  - {position: backend-engineer, grants: [orders/reader, orders/writer]}
  - {position: tester, where: 'attributes.project == "P2"', grants: [orders/reader]}
  - {position: clerk, where: 'attributes.project == ""', grants: [orders/reader]}
  - {position: chief, where: 'unit[2] == "x"', grants: [orders/writer]}
  - {position: counter, where: '"project" in attributes', grants: [orders/writer]}
  - {position: loop, where: 'unit.all(a, unit.all(b, unit.all(c, unit.all(d, a + b + c + d != "x"))))', grants: [orders/writer]}
  - {position: tester, where: 'attributes["project"].startsWith("P")', grants: [orders/writer]}
`

func TestBirthrights(t *testing.T) {
	t.Parallel()
	p := parse(t, matrix)
	project := func(name string) map[string]string { return map[string]string{"project": name} }
	for name, c := range map[string]struct {
		post pack.Post
		want []string
	}{
		"unit and kind, any position":           {pack.Post{Position: "x", Unit: []string{"总部", "研发部"}, Kind: "employee"}, []string{"reader by matrix[0]"}},
		"another kind":                          {pack.Post{Position: "x", Unit: []string{"总部", "研发部"}, Kind: "intern"}, nil},
		"the first of two lines counts":         {pack.Post{Position: "backend-engineer", Unit: []string{"研发部"}, Kind: "employee"}, []string{"reader by matrix[0]", "writer by matrix[1]"}},
		"position alone":                        {pack.Post{Position: "backend-engineer"}, []string{"reader by matrix[1]", "writer by matrix[1]"}},
		"position and attribute":                {pack.Post{Position: "tester", Attributes: project("P2")}, []string{"reader by matrix[2]", "writer by matrix[7]"}},
		"another value":                         {pack.Post{Position: "tester", Attributes: project("P3")}, []string{"writer by matrix[7]"}},
		"a missing attribute is not P2":         {pack.Post{Position: "tester"}, nil},
		"a missing attribute is empty":          {pack.Post{Position: "clerk"}, []string{"reader by matrix[3]"}},
		"an empty attribute is empty":           {pack.Post{Position: "clerk", Attributes: project("")}, []string{"reader by matrix[3]"}},
		"a present attribute is not empty":      {pack.Post{Position: "clerk", Attributes: project("P1")}, nil},
		"a condition that cannot be computed":   {pack.Post{Position: "chief", Unit: []string{"a"}}, nil},
		"the same condition where it can":       {pack.Post{Position: "chief", Unit: []string{"a", "b", "x"}}, []string{"writer by matrix[4]"}},
		"in tells missing from empty":           {pack.Post{Position: "counter"}, nil},
		"in finds an empty one":                 {pack.Post{Position: "counter", Attributes: project("")}, []string{"writer by matrix[5]"}},
		"a condition that costs too much":       {pack.Post{Position: "loop", Unit: strings.Split(strings.Repeat("a", 40), "")}, nil},
		"the same condition at a bearable cost": {pack.Post{Position: "loop", Unit: []string{"a"}}, []string{"writer by matrix[6]"}},
		"nobody in particular":                  {pack.Post{}, nil},
	} {
		for _, round := range []string{"first", "remembered"} {
			var got []string
			for _, b := range p.Birthrights(c.post) {
				if b.Application != "orders" || b.Target != "db" {
					t.Errorf("%s: %+v", name, b)
				}
				got = append(got, b.Role+" by "+b.Rule)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s, %s: %s", name, round, diff)
			}
		}
	}
}

func TestAnswersBelongToTheCaller(t *testing.T) {
	t.Parallel()
	p := parse(t, matrix)
	post := pack.Post{Position: "backend-engineer"}
	p.Birthrights(post)[0].Role = "spoilt"
	if got := p.Birthrights(post)[0].Role; got != "reader" {
		t.Errorf("role = %s", got)
	}
}

// TestPostsAreNotMixedUp: posts that read alike when written one after the
// other have their own answers, also when asked for at once.
func TestPostsAreNotMixedUp(t *testing.T) {
	t.Parallel()
	p := parse(t, shop+`matrix: [{where: 'unit == ["a", "b"] && attributes.x == "1"', grants: [orders/reader]}]`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, c := range []struct {
				unit []string
				x    string
				want int
			}{{[]string{"a", "b"}, "1", 1}, {[]string{"ab"}, "1", 0}, {[]string{"a", "b", "x"}, "1", 0}, {[]string{"a"}, "b1", 0}, {[]string{"a", "b"}, "", 0}} {
				if got := p.Birthrights(pack.Post{Unit: c.unit, Attributes: map[string]string{"x": c.x}}); len(got) != c.want {
					t.Errorf("%v, %q: %v", c.unit, c.x, got)
				}
			}
		})
	}
	wg.Wait()
}

func large() string {
	var b strings.Builder
	b.WriteString(shop + "matrix:\n")
	for i := range 200 {
		fmt.Fprintf(&b, "  - {position: p%d, grants: [orders/reader]}\n  - {position: p%d, where: 'attributes.project == \"P%d\"', grants: [orders/writer]}\n", i, i, i)
	}
	return b.String()
}

func BenchmarkBirthrights(b *testing.B) {
	p := parse(b, large())
	posts := make([]pack.Post, 5000)
	for i := range posts {
		posts[i] = pack.Post{Position: fmt.Sprint("p", i%200), Unit: []string{"总部", "研发部"}, Kind: "employee", Attributes: map[string]string{"project": fmt.Sprint("P", i)}}
	}
	i := 0
	for b.Loop() {
		p.Birthrights(posts[i%len(posts)])
		i++
	}
}

func BenchmarkBirthrightsNewPost(b *testing.B) {
	p := parse(b, large())
	i := 0
	for b.Loop() {
		p.Birthrights(pack.Post{Position: "p7", Attributes: map[string]string{"project": fmt.Sprint("P", i)}})
		i++
	}
}

func BenchmarkParse(b *testing.B) {
	body := []byte(large())
	for b.Loop() {
		if _, problems := pack.Parse(body); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
