package rebuildbench

import (
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

// It measures little, or as much as the bench does when proving. How fast it
// is depends on the machine and is not judged here.
func TestRebuildIsMeasured(t *testing.T) {
	results, err := run(t.Context(), testkit.Postgres(t).Admin, testkit.Count(people), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		t.Logf("%s: %.0f %s, %.2f of %.0f, goal %.1f", r.Name, r.Value, r.Unit, r.Ratio, r.Baseline, r.Goal)
		if r.Value <= 0 || r.Baseline <= 0 {
			t.Errorf("nothing was measured: %+v", r)
		}
	}
}
