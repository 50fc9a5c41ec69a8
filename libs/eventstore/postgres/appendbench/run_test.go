package appendbench_test

import (
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/eventstore/postgres/appendbench"
	"github.com/ostiary/ostiary/libs/testkit"
)

// The measure runs; how fast it is depends on the machine and is not judged
// here.
func TestRun(t *testing.T) {
	results, err := appendbench.Run(t.Context(), testkit.Postgres(t).Admin, appendbench.Options{Pairs: 1, Cell: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 3 {
		t.Errorf("%d results, want 3", len(results))
	}
	for _, r := range results {
		if r.Value <= 0 || r.Baseline <= 0 || r.Ratio <= 0 || r.Goal <= 0 {
			t.Errorf("%+v", r)
		}
	}
}

// BenchmarkAppend measures in earnest: go test -bench Append -benchtime 1x.
func BenchmarkAppend(b *testing.B) {
	for range b.N {
		results, err := appendbench.Run(b.Context(), testkit.Postgres(b).Admin, appendbench.Options{Pairs: 5})
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range results {
			b.Logf("%-12s %8.0f %s, plain %8.0f, ratio %.2f (goal %.1f)", r.Name, r.Value, r.Unit, r.Baseline, r.Ratio, r.Goal)
		}
	}
}
