package projection

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Status is how far a projection is.
type Status struct {
	Name     string
	Version  int
	Position int64
	// Digest is the hex SHA-256 of its rows as Projection.Digests select them.
	Digest string
}

// Status tells about every projection. The digests are made for the answer.
func (r *Runner) Status(ctx context.Context) ([]Status, error) {
	statuses := make([]Status, 0, len(r.lines))
	for _, l := range r.lines {
		digest, position, err := l.digest(ctx)
		if err != nil {
			return nil, err
		}
		statuses = append(statuses, Status{Name: l.Name, Version: l.Version, Position: position, Digest: digest})
	}
	return statuses, nil
}

// Positions is Status without the digests: it takes no longer when there are
// more rows.
func (r *Runner) Positions(ctx context.Context) ([]Status, error) {
	statuses := make([]Status, 0, len(r.lines))
	for _, l := range r.lines {
		at, _, err := l.checkpoint(ctx, r.pool)
		if err != nil {
			return nil, err
		}
		statuses = append(statuses, Status{Name: l.Name, Version: at.version, Position: at.position})
	}
	return statuses, nil
}

// Digest is the hex SHA-256 over the rows that the digest queries of a
// projection select, and the position that they show. Two runs over the same
// events have the same digest, whether they were interrupted or rebuilt.
func (r *Runner) Digest(ctx context.Context, name string) (digest string, position int64, err error) {
	l, err := r.line(name)
	if err != nil {
		return "", 0, err
	}
	return l.digest(ctx)
}

// errSwapped says that the rows were replaced while they were read.
var errSwapped = errors.New("the rows were replaced meanwhile")

func (l *line) digest(ctx context.Context) (digest string, position int64, err error) {
	for range 10 {
		digest, position, err = l.tryDigest(ctx)
		if !errors.Is(err, errSwapped) {
			break
		}
	}
	if err != nil {
		return "", 0, fmt.Errorf("digest projection %s: %w", l.Name, err)
	}
	return digest, position, nil
}

// tryDigest reads rows and position in one snapshot. A snapshot does not cover
// names, so it compares the schema of the snapshot with the one that names
// meant at the end.
func (l *line) tryDigest(ctx context.Context) (string, int64, error) {
	s, hash := l.live(), sha256.New()
	var position int64
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, l.runner.pool, options, func(tx pgx.Tx) error {
		var before, after uint32
		err := tx.QueryRow(ctx, `SELECT c.position, n.oid,
				set_config('search_path', $2, true) || set_config('timezone', 'UTC', true)
				|| set_config('datestyle', 'ISO', true) || set_config('extra_float_digits', '1', true)
			FROM projection.checkpoint c, pg_namespace n WHERE c.name = $1 AND n.nspname = $2`, s.checkpoint, s.schema).
			Scan(&position, &before, new(string))
		if err != nil {
			return fmt.Errorf("read checkpoint: %w", err)
		}
		for i, query := range l.Digests {
			// The text form of COPY tells columns, rows and NULL apart.
			fmt.Fprintf(hash, "%d\n", i)
			query = strings.TrimRight(query, "; \t\n")
			if _, err := tx.Conn().PgConn().CopyTo(ctx, hash, "COPY (\n"+query+"\n) TO STDOUT"); err != nil {
				return fmt.Errorf("read rows: %w", err)
			}
		}
		if err := tx.QueryRow(ctx, `SELECT coalesce(to_regnamespace($1)::oid, 0)`, s.schema).Scan(&after); err != nil {
			return fmt.Errorf("read schema: %w", err)
		}
		if before != after {
			return errSwapped
		}
		return nil
	})
	if err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(hash.Sum(nil)), position, nil
}
