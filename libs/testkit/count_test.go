package testkit_test

import (
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

func TestCount(t *testing.T) {
	for _, c := range []struct {
		prove string
		n     int
		want  int
	}{
		{"", 1000, 50}, {"", 19, 1}, {"", 0, 1}, {"0", 40, 2}, {"1", 1000, 1000}, {"1", 3, 3},
	} {
		t.Setenv("PROVE", c.prove)
		if got := testkit.Count(c.n); got != c.want {
			t.Errorf("PROVE=%q Count(%d) = %d, want %d", c.prove, c.n, got, c.want)
		}
	}
}
