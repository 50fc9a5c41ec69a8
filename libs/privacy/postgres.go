package privacy

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed schema.sql
var schema string

// Migrate brings the schema privacy to the shape of this binary, as its owner.
// The service role may read and add keys and erase them; it can neither delete
// a row nor bring an erased key back.
func Migrate(ctx context.Context, conn *pgx.Conn, serviceRole string) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, schema); err != nil {
			return fmt.Errorf("create tables: %w", err)
		}
		role := pgx.Identifier{serviceRole}.Sanitize()
		_, err := tx.Exec(ctx, fmt.Sprintf(`
			GRANT USAGE ON SCHEMA privacy TO %[1]s;
			GRANT SELECT, INSERT, UPDATE (wrapped, erased_at) ON privacy.person_key TO %[1]s`, role))
		if err != nil {
			return fmt.Errorf("grant: %w", err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("migrate privacy: %w", err)
	}
	return nil
}

// Postgres is the KeyStore of a service, in its own database.
type Postgres struct{ pool *pgxpool.Pool }

// NewPostgres returns the store; Migrate has run.
func NewPostgres(pool *pgxpool.Pool) *Postgres { return &Postgres{pool: pool} }

// Get implements KeyStore with one query.
func (s *Postgres) Get(ctx context.Context, persons []string) (map[string]WrappedKey, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT person_id, wrapped, kek_id FROM privacy.person_key WHERE person_id = ANY ($1)`, persons)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	found := make(map[string]WrappedKey, len(persons))
	var person string
	var k WrappedKey
	_, err = pgx.ForEachRow(rows, []any{&person, &k.Wrapped, &k.KEK}, func() error {
		found[person] = k
		k.Wrapped = nil // not to be overwritten by the next row
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return found, nil
}

// PutIfAbsent implements KeyStore. The insert waits for a concurrent one, so
// what is read afterwards is committed.
func (s *Postgres) PutIfAbsent(ctx context.Context, person string, k WrappedKey) (WrappedKey, error) {
	tag, err := s.pool.Exec(ctx,
		`INSERT INTO privacy.person_key (person_id, wrapped, kek_id) VALUES ($1, $2, $3) ON CONFLICT (person_id) DO NOTHING`,
		person, k.Wrapped, k.KEK)
	if err != nil {
		return WrappedKey{}, fmt.Errorf("store key: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return k, nil
	}
	found, err := s.Get(ctx, []string{person})
	if err != nil {
		return WrappedKey{}, err
	}
	stored, ok := found[person]
	if !ok {
		return WrappedKey{}, errors.New("store key: the row vanished; somebody deleted it by hand")
	}
	return stored, nil
}

// Erase implements KeyStore.
func (s *Postgres) Erase(ctx context.Context, person string) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO privacy.person_key AS k (person_id, wrapped, kek_id, erased_at) VALUES ($1, NULL, '', now())
		ON CONFLICT (person_id) DO UPDATE SET wrapped = NULL, erased_at = now() WHERE k.erased_at IS NULL`, person)
	if err != nil {
		return fmt.Errorf("erase key: %w", err)
	}
	return nil
}
