package policy_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

// People join and move while one pack after another is activated, all at the
// same time and in any order. In the end everybody holds what the last pack
// gives to the last post, and nothing else.
func TestNobodyIsLeftWithTheRightsOfAnOldPack(t *testing.T) {
	t.Parallel()
	roles := []string{"reader", "writer", "auditor"}
	const people, packs = 12, 4
	for seed := range testkit.Count(400) {
		w := newWorld(t)
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		last := map[string]string{}
		final := map[string]string{}
		var all sync.WaitGroup
		for p := range people {
			person := fmt.Sprintf("E%d", p)
			start, next := fmt.Sprintf("P%d", r.IntN(3)), fmt.Sprintf("P%d", r.IntN(3))
			last[person] = next
			all.Go(func() { // in order for one person, as an inbox delivers
				w.must("identity", int64(2*p+1), starts(person, start))
				w.must("identity", int64(2*p+2), moves(person, next))
			})
		}
		for v := range packs {
			matrix := map[string]string{}
			for p := range 3 {
				matrix[fmt.Sprintf("P%d", p)] = roles[r.IntN(3)]
			}
			if v == packs-1 {
				final = matrix
			}
			all.Go(func() { w.activate(int64(v+1), matrix) })
		}
		all.Wait()
		for person, project := range last {
			w.holds(person, final[project])
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
