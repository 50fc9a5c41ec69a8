package rebuildbench_test

import (
	"testing"

	"github.com/ostiary/ostiary/libs/projection/rebuildbench"
	"github.com/ostiary/ostiary/libs/testkit"
)

func TestRebuildIsMeasured(t *testing.T) {
	results, err := rebuildbench.Run(t.Context(), testkit.Postgres(t).Admin)
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
