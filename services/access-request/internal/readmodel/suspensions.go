package readmodel

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// suspension tells whether an event is about a suspension.
func suspension(event proto.Message) bool {
	switch event.(type) {
	case *accessv1.GrantSuspended, *accessv1.GrantSuspensionConfirmed, *accessv1.GrantReinstated:
		return true
	}
	return false
}

// queueSuspension writes one fact of a suspension. There are few, so each is
// written by itself.
func queueSuspension(b *pgx.Batch, f eventstore.Fact) {
	grant, state := "", ""
	switch e := f.Message.(type) {
	case *accessv1.GrantSuspended:
		grant, state = e.GetGrantId(), "suspending"
		b.Queue(`INSERT INTO suspensions (grant_id, began_at, began_recorded, began_position) VALUES ($1, $2, $3, $4)`,
			grant, f.EffectiveAt, f.RecordedAt, f.Position)
	case *accessv1.GrantSuspensionConfirmed:
		grant, state = e.GetGrantId(), "suspended"
		queueLast(b, "gone", grant, f)
	case *accessv1.GrantReinstated:
		grant, state = e.GetGrantId(), "issued"
		queueLast(b, "lifted", grant, f)
	}
	b.Queue(`UPDATE grants SET state = $2, suspension_position = $3 WHERE grant_id = $1`, grant, state, f.Position)
}

// queueLast writes a later fact of the last suspension of a grant.
func queueLast(b *pgx.Batch, name, grant string, f eventstore.Fact) {
	b.Queue(fmt.Sprintf(`
		UPDATE suspensions SET %[1]s_at = $2, %[1]s_recorded = $3, %[1]s_position = $4
		WHERE grant_id = $1 AND began_position = (SELECT max(began_position) FROM suspensions WHERE grant_id = $1)`, name),
		grant, f.EffectiveAt, f.RecordedAt, f.Position)
}

// queueActive writes that grants are there: for the first time, or again after a
// suspension. What was there before its suspension keeps that instant.
func (m *moves) queueActive(b *pgx.Batch) {
	const given = `unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::bigint[]) AS m(grant_id, at, recorded, position)`
	b.Queue(`
		UPDATE suspensions s SET back_at = m.at, back_recorded = m.recorded, back_position = m.position FROM `+given+`
		WHERE s.grant_id = m.grant_id AND s.began_position = (SELECT max(began_position) FROM suspensions l WHERE l.grant_id = s.grant_id)`,
		m.grant, m.at, m.recorded, m.position)
	b.Queue(`
		UPDATE grants g SET state = 'active',
		    activated_at = CASE WHEN g.suspension_position IS NULL THEN m.at ELSE g.activated_at END,
		    activated_recorded = CASE WHEN g.suspension_position IS NULL THEN m.recorded ELSE g.activated_recorded END,
		    activated_position = CASE WHEN g.suspension_position IS NULL THEN m.position ELSE g.activated_position END,
		    suspension_position = CASE WHEN g.suspension_position IS NULL THEN NULL ELSE m.position END
		FROM `+given+` WHERE g.grant_id = m.grant_id`,
		m.grant, m.at, m.recorded, m.position)
}

// HolderOf returns the person id of whoever holds or held a grant, "" if there
// is none.
func HolderOf(ctx context.Context, pool *pgxpool.Pool, grant string) (person string, err error) {
	err = pool.QueryRow(ctx, `SELECT coalesce((SELECT person_id FROM rm_grants.grants WHERE grant_id = $1), '')`, grant).Scan(&person)
	if err != nil {
		return "", fmt.Errorf("look for the grant: %w", err)
	}
	return person, nil
}
