package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/privacy"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed documents.sql
var documentsSchema string

// Documents finds people by their identity numbers, of which it keeps keyed
// hashes only. It has no digest: everything in it is personal.
type Documents struct {
	Keys *privacy.Keyring
	// Index is the key of the hashes.
	Index []byte
}

// Projection is the table behind it.
func (d Documents) Projection() projection.Projection {
	return projection.Projection{Name: "documents", Version: 1, Schema: documentsSchema, Apply: d.apply}
}

func (d Documents) apply(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	latest := map[string]*identityv1.PersonDetails{}
	var people []string
	for _, f := range page {
		if number, details := detailsIn(f.Message); details != nil {
			latest[number], people = proto.CloneOf(details), append(people, details.GetPersonId())
		}
	}
	if err := d.Keys.Prefetch(ctx, people); err != nil {
		return fmt.Errorf("fetch keys: %w", err)
	}
	batch := &pgx.Batch{}
	for _, number := range slices.Sorted(maps.Keys(latest)) {
		details := latest[number]
		if err := d.Keys.Open(ctx, details); err != nil {
			return fmt.Errorf("open details of %s: %w", number, err)
		}
		if details.GetIdNumber() == "" { // none, or erased
			batch.Queue(`DELETE FROM documents WHERE employee_number = $1`, number)
			continue
		}
		batch.Queue(`INSERT INTO documents (employee_number, id_number) VALUES ($1, $2)
			ON CONFLICT (employee_number) DO UPDATE SET id_number = excluded.id_number`,
			number, privacy.BlindIndex(d.Index, details.GetIdNumber()))
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store documents: %w", err)
	}
	return nil
}

func detailsIn(m proto.Message) (number string, details *identityv1.PersonDetails) {
	switch e := m.(type) {
	case *identityv1.PersonRegistered:
		return e.GetEmployeeNumber(), e.GetDetails()
	case *identityv1.PersonDetailsCorrected:
		return e.GetEmployeeNumber(), e.GetDetails()
	}
	return "", nil
}

// Holders are the employee numbers of whoever has an identity number in its one
// form: more than one if somebody came back under another number.
func (d Documents) Holders(ctx context.Context, pool *pgxpool.Pool, idNumber string) ([]string, error) {
	rows, err := pool.Query(ctx, `SELECT employee_number FROM rm_documents.documents WHERE id_number = $1 ORDER BY employee_number`,
		privacy.BlindIndex(d.Index, idNumber))
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	return numbers, nil
}
