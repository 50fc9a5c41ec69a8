package clock_test

import (
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/clock"
)

func TestTheSettingOfTheClock(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)
	for _, s := range []string{"simulated:2026-01-05T09:00+08:00", "simulated:2026-01-05T01:00:00Z"} {
		c, err := clock.Parse(s)
		if err != nil || !c.Now().Equal(want) {
			t.Errorf("%s: %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"", "system"} {
		if c, err := clock.Parse(s); err != nil || c != (clock.System{}) {
			t.Errorf("%q: %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"simulated", "simulated:tomorrow", "2026-01-05T09:00+08:00", "fast"} {
		if _, err := clock.Parse(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}
