package readmodel

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed snapshots.sql
var snapshotsSchema string

// Snapshots is which files of HR were accepted, held and carried out.
func Snapshots() projection.Projection {
	return projection.Projection{
		Name: "snapshots", Version: 1, Schema: snapshotsSchema,
		Apply: applySnapshots,
		Digests: []string{`
			SELECT source, state, joiners, movers, leavers FROM snapshots
			WHERE state <> 'held' AND joiners + movers + leavers > 0 ORDER BY source, accepted`},
	}
}

func applySnapshots(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	batch := &pgx.Batch{}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *identityv1.HrSnapshotAccepted:
			batch.Queue(`INSERT INTO snapshots (snapshot_id, source, digest, state, joiners, movers, leavers, accepted) VALUES ($1, $2, $3, 'accepted', $4, $5, $6, $7)`,
				e.GetSnapshotId(), e.GetSource(), e.GetDigest(), e.GetJoiners(), e.GetMovers(), e.GetLeavers(), f.Position)
		case *identityv1.HrSnapshotHeld:
			batch.Queue(`INSERT INTO snapshots (snapshot_id, source, digest, state, leavers) VALUES ($1, $2, $3, 'held', $4)`,
				e.GetSnapshotId(), e.GetSource(), e.GetDigest(), e.GetLeavers())
		case *identityv1.HrSnapshotApplied:
			batch.Queue(`UPDATE snapshots SET state = 'applied' WHERE snapshot_id = $1`, e.GetSnapshotId())
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store snapshots: %w", err)
	}
	return nil
}

// InWork is a snapshot that was accepted and not yet carried out.
type InWork struct {
	Snapshot string
	Digest   string
}

// SnapshotInWork is the snapshot of a source that is being carried out; ok is
// false if there is none.
func SnapshotInWork(ctx context.Context, pool *pgxpool.Pool, source string) (w InWork, ok bool, err error) {
	err = pool.QueryRow(ctx, `SELECT snapshot_id, digest FROM rm_snapshots.snapshots WHERE source = $1 AND state = 'accepted' LIMIT 1`, source).
		Scan(&w.Snapshot, &w.Digest)
	if errors.Is(err, pgx.ErrNoRows) {
		return w, false, nil
	}
	if err != nil {
		return w, false, fmt.Errorf("read snapshots: %w", err)
	}
	return w, true, nil
}

// AcceptedAt is the position at which a snapshot was accepted.
func AcceptedAt(ctx context.Context, pool *pgxpool.Pool, snapshot string) (position int64, err error) {
	err = pool.QueryRow(ctx, `SELECT accepted FROM rm_snapshots.snapshots WHERE snapshot_id = $1`, snapshot).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("read snapshot: %w", err)
	}
	return position, nil
}
