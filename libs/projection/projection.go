package projection

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Projection turns events of the own service into rows that answer questions.
// Its tables live in a schema of their own, "rm_<Name>", so that it can be
// built anew beside the live one and swapped.
type Projection struct {
	// Name is the durable identity, lower case with underscores.
	Name string
	// Version is raised whenever Schema or Apply changes meaning; the
	// projection is then rebuilt at the next start.
	Version int
	// Schema is the DDL, with unqualified names.
	Schema string
	// Apply folds a page of facts, in order and without holes, and writes the
	// result set-based. The transaction's search_path is the projection's
	// schema, so names in its SQL are unqualified; queries elsewhere say
	// rm_<Name>.<table>. Positions are committed with the rows. The page, not
	// what it holds, belongs to the caller and must not be kept.
	Apply func(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error
	// Digests are queries, one row a business fact, ordered by business key,
	// without ids, times, positions and personal columns. Unqualified names.
	Digests []string
}
