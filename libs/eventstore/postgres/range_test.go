package postgres_test

import (
	"testing"

	"github.com/ostiary/ostiary/libs/eventstore/storetest"
	"github.com/ostiary/ostiary/libs/testkit"
)

// Appends go on across ranges, also when one append is longer than a range.
func TestRangesFollowOneAnother(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	s := c.open(t)
	want := int64(0)
	for _, n := range []int{1, 19, 1, 30, 100, 1, 1, 5, 20, 20, 1} {
		r, err := s.Append(t.Context(), storetest.New(n))
		if err != nil {
			t.Fatalf("append of %d at %d: %v", n, want, err)
		}
		if want += int64(n); r.First != want-int64(n)+1 || r.Last != want {
			t.Errorf("append of %d = %+v, want to end at %d", n, r, want)
		}
	}
	all, err := s.ReadAll(t.Context(), 0, 1000)
	if err != nil || int64(len(all)) != want {
		t.Fatalf("read %d events, %v; want %d", len(all), err, want)
	}
	for i, r := range all {
		if r.Position != int64(i)+1 {
			t.Fatalf("event %d has position %d", i+1, r.Position)
		}
	}
	if got, err := s.ReadStream(t.Context(), all[55].Stream, 0, 1000); err != nil || len(got) != 100 {
		t.Errorf("a stream over several ranges: %d events, %v; want 100", len(got), err)
	}
}

// The next range is there before it is needed, and there is only one.
func TestNextRangeIsMadeAhead(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	s := c.open(t)
	fill(t, s, 15)
	s.Close() // waits for what goes on beside the appends
	pool := testkit.Pool(t, c.service)
	for range 3 {
		if _, err := pool.Exec(t.Context(), "SELECT es.prepare()"); err != nil {
			t.Fatal(err)
		}
		var upper int64
		if err := pool.QueryRow(t.Context(), "SELECT max(upper) FROM es.range").Scan(&upper); err != nil || upper != 40 {
			t.Errorf("at 15 of 20 there are tables up to %d, %v; want 40", upper, err)
		}
	}
}
