package book

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Place is where an event lies.
type Place struct {
	Seq      int64
	Service  string
	Position int64
}

// OfStream returns places of a stream after a sequence number, in order.
func (b *Book) OfStream(ctx context.Context, stream string, after int64, limit int) ([]Place, error) {
	return b.places(ctx, "p.stream = $1", stream, after, limit)
}

// OfPerson returns places of a person after a sequence number, in order.
func (b *Book) OfPerson(ctx context.Context, personID string, after int64, limit int) ([]Place, error) {
	return b.places(ctx, "p.person_id = $1", personID, after, limit)
}

func (b *Book) places(ctx context.Context, where, key string, after int64, limit int) ([]Place, error) {
	rows, err := b.pool.Query(ctx, `SELECT e.seq, e.service, e.position FROM ledger.place p JOIN ledger.entry e USING (seq)
		WHERE `+where+` AND p.seq > $2 ORDER BY p.seq LIMIT $3`, key, after, limit)
	if err != nil {
		return nil, fmt.Errorf("find in the book: %w", err)
	}
	places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Place])
	if err != nil {
		return nil, fmt.Errorf("find in the book: %w", err)
	}
	return places, nil
}

// Person returns the person that an employee number means, "" if no event has
// named it.
func (b *Book) Person(ctx context.Context, employeeNumber string) (string, error) {
	var id string
	err := b.pool.QueryRow(ctx, "SELECT person_id FROM ledger.person WHERE employee_number = $1", employeeNumber).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the person: %w", err)
	}
	return id, nil
}
