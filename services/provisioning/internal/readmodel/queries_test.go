package readmodel

import (
	"slices"
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

// Lanes with a removal come first; a lane that rests is listed again once
// something newer is ordered in it, a settled one never.
func TestALaneThatRestsIsListedWhenSomethingNewerIsOrdered(t *testing.T) {
	t.Parallel()
	pool := testkit.Postgres(t).Pool(t)
	if _, err := pool.Exec(t.Context(), "CREATE SCHEMA rm_orders; SET search_path TO rm_orders; "+ordersSchema+`;
		INSERT INTO orders SELECT 'o' || position, position, stream, '', target, '', '', '', operation, state, '', '', now(), '', ''
		FROM (VALUES (1, 'adds', 'db', 'add', 'failing'), (2, 'rests', 'db', 'add', 'failing'), (3, 'wakes', 'db', 'add', 'failing'),
			(4, 'settled', 'db', 'add', 'completed'), (5, 'elsewhere', 'other', 'add', 'ordered'), (6, 'wakes', 'db', 'remove', 'ordered'))
		AS v(position, stream, target, operation, state)`); err != nil {
		t.Fatal(err)
	}
	q := Queries{Pool: pool}
	for _, c := range []struct {
		resting map[string]int64
		limit   int
		want    []string
	}{
		{nil, 10, []string{"wakes", "adds", "rests"}},
		{nil, 2, []string{"wakes", "adds"}},
		{map[string]int64{"rests": 2, "wakes": 3}, 10, []string{"wakes", "adds"}},
		{map[string]int64{"rests": 2, "wakes": 6}, 10, []string{"adds"}},
	} {
		got, err := q.OpenLanes(t.Context(), "db", c.resting, c.limit)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("lanes besides %v: %v, %v; want %v", c.resting, got, err, c.want)
		}
	}
}
