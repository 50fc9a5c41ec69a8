package relaybench

import (
	"os"
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/testkit"
)

// TestRun measures briefly, or as long as the bench does when PROVE=1. It
// checks that there is a figure for each name; a busy machine is no defect.
func TestRun(t *testing.T) {
	rounds, warm, span := 1, 200*time.Millisecond, 500*time.Millisecond
	if os.Getenv("PROVE") == "1" {
		rounds, warm, span = 3, time.Second, 4*time.Second
	}
	results, err := run(t.Context(), testkit.Postgres(t).Admin, rounds, warm, span)
	if err != nil {
		t.Fatal(err)
	}
	for n, name := range []string{"relay_p50", "relay_p99"} {
		if results[n].Name != name || results[n].Value <= 0 {
			t.Errorf("the figure is %v, want %s", results[n], name)
		}
		t.Log(results[n])
	}
}
