package privacy

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCacheForgets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	c := newCache(10, time.Minute, func() time.Time { return now })
	missing := func(persons ...string) []string {
		_, m, _ := c.get(persons)
		return m
	}
	c.put("a", nil, c.mark())
	if m := missing("a", "b"); !cmp.Equal(m, []string{"b"}) {
		t.Errorf("missing = %v, want b", m)
	}
	since := c.mark()
	c.drop("a")
	c.put("a", nil, since)
	if len(missing("a")) != 1 {
		t.Error("a key read before the drop is remembered after it")
	}
	c.put("a", nil, c.mark())
	if len(missing("a")) != 0 {
		t.Error("a key read after the drop is not remembered")
	}
	now = now.Add(time.Minute)
	if len(missing("a")) != 1 {
		t.Error("a key is remembered for longer than a minute")
	}
	for i := range 100 {
		c.put(fmt.Sprint(i), nil, c.mark())
		if len(c.entries) > 10 {
			t.Fatalf("%d keys are remembered, limit 10", len(c.entries))
		}
	}
	if len(missing("99")) != 0 {
		t.Error("the latest key is gone")
	}
}
