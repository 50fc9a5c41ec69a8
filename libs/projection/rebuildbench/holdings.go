package rebuildbench

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

const holdingsName = "holdings"

// holdings is a read model of the usual kind, folded in memory and written as
// a set: a row for each person, with ten events behind it.
func holdings() projection.Projection {
	return projection.Projection{
		Name: holdingsName, Version: 1,
		Schema: `CREATE TABLE holdings (
			employee_number text COLLATE "C" PRIMARY KEY, issued int NOT NULL, active int NOT NULL,
			revoking int NOT NULL, removed int NOT NULL, position bigint NOT NULL) WITH (fillfactor = 50)`,
		Digests: []string{`SELECT employee_number, issued, active, revoking, removed FROM holdings ORDER BY 1`},
		Apply:   apply,
	}
}

// change is what a page adds to a person's row.
type change struct {
	issued, active, revoking, removed int32
	position                          int64
}

func apply(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	changes := map[string]change{}
	for _, f := range page {
		switch m := f.Message.(type) {
		case *accessrequestv1.GrantIssued:
			c := changes[m.GetEmployeeNumber()]
			c.issued, c.position = c.issued+1, f.Position
			changes[m.GetEmployeeNumber()] = c
		case *accessrequestv1.GrantActivated:
			c := changes[m.GetEmployeeNumber()]
			c.issued, c.active, c.position = c.issued-1, c.active+1, f.Position
			changes[m.GetEmployeeNumber()] = c
		case *accessrequestv1.GrantRevoked:
			c := changes[m.GetEmployeeNumber()]
			c.active, c.revoking, c.position = c.active-1, c.revoking+1, f.Position
			changes[m.GetEmployeeNumber()] = c
		case *accessrequestv1.GrantRemovalConfirmed:
			c := changes[m.GetEmployeeNumber()]
			c.revoking, c.removed, c.position = c.revoking-1, c.removed+1, f.Position
			changes[m.GetEmployeeNumber()] = c
		}
	}
	numbers := slices.Sorted(maps.Keys(changes))
	var issued, active, revoking, removed []int32
	var positions []int64
	for _, n := range numbers {
		c := changes[n]
		issued, active = append(issued, c.issued), append(active, c.active)
		revoking, removed, positions = append(revoking, c.revoking), append(removed, c.removed), append(positions, c.position)
	}
	_, err := tx.Exec(ctx, `INSERT INTO holdings AS h
		SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::int[], $6::bigint[])
		ON CONFLICT (employee_number) DO UPDATE SET issued = h.issued + excluded.issued, active = h.active + excluded.active,
			revoking = h.revoking + excluded.revoking, removed = h.removed + excluded.removed, position = excluded.position`,
		numbers, issued, active, revoking, removed, positions)
	if err != nil {
		return fmt.Errorf("write holdings: %w", err)
	}
	return nil
}

// check makes sure that what was measured has done its work.
func check(ctx context.Context, pool *pgxpool.Pool, people int) error {
	var n int
	err := pool.QueryRow(ctx, `SELECT count(*) FROM rm_holdings.holdings
		WHERE issued = 0 AND active = $1 AND revoking = 0 AND removed = $2`, given-taken, taken).Scan(&n)
	if err == nil && n != people {
		err = fmt.Errorf("%d people have the right counts, want %d", n, people)
	}
	if err != nil {
		return fmt.Errorf("check the read model: %w", err)
	}
	return nil
}
