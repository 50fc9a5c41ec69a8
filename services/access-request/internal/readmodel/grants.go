// Package readmodel answers who holds what and who works where.
package readmodel

import (
	"context"
	_ "embed" // the schema
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed grants.sql
var schema string

// Grants is the read model of grants and posts.
func Grants() projection.Projection {
	return projection.Projection{
		Name: "grants", Version: 3, Schema: schema, Apply: apply,
		Digests: []string{
			`SELECT employee_number, application, role, kind, state FROM grants
			 ORDER BY employee_number COLLATE "C", application COLLATE "C", role COLLATE "C", kind COLLATE "C", state COLLATE "C"`,
			`SELECT employee_number, employed, position, unit, attributes, kind FROM posts ORDER BY employee_number COLLATE "C", person_id COLLATE "C"`,
		},
	}
}

// apply writes a page. The facts of one grant come in one order only, each at
// most once, so all of a kind are written together, kind after kind. A grant
// that is suspended begins anew there, so what was gathered is written before it.
func apply(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	var p rows
	b := &pgx.Batch{}
	for _, f := range page {
		if suspension(f.Message) {
			p.queue(b)
			p = rows{}
			queueSuspension(b, f)
			continue
		}
		p.add(f)
	}
	p.queue(b)
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write grants: %w", err)
	}
	return nil
}

// queue writes what was gathered.
func (r *rows) queue(b *pgx.Batch) {
	if len(r.posts.person) > 0 {
		r.posts.queue(b)
	}
	if len(r.issued.grant) > 0 {
		r.issued.queue(b)
	}
	if len(r.renewed.grant) > 0 {
		r.renewed.queue(b)
	}
	if len(r.activated.grant) > 0 {
		r.activated.queueActive(b)
	}
	for _, m := range []struct {
		name, state string
		rows        moves
	}{{"revoked", "revoking", r.revoked}, {"removed", "removed", r.removed}} {
		if len(m.rows.grant) > 0 {
			m.rows.queue(b, m.name, m.state)
		}
	}
}

// rows are a page by table and column.
type rows struct {
	posts                       posts
	issued                      issues
	renewed                     renewals
	activated, revoked, removed moves
}

func (r *rows) add(f eventstore.Fact) {
	switch e := f.Message.(type) {
	case *accessv1.PostNoted:
		r.posts.add(e)
	case *accessv1.GrantIssued:
		r.issued.add(f, e)
	case *accessv1.GrantActivated:
		r.activated.add(f, e.GetGrantId())
	case *accessv1.GrantRenewed:
		r.renewed.add(f, e)
	case *accessv1.GrantRevoked:
		r.revoked.add(f, e.GetGrantId())
	case *accessv1.GrantExpired:
		r.revoked.add(f, e.GetGrantId())
	case *accessv1.GrantRemovalConfirmed:
		r.removed.add(f, e.GetGrantId())
	}
}

// moves are later facts of grants.
type moves struct {
	grant    []string
	at       []time.Time
	recorded []time.Time
	position []int64
}

func (m *moves) add(f eventstore.Fact, grant string) {
	m.grant = append(m.grant, grant)
	m.at = append(m.at, f.EffectiveAt)
	m.recorded = append(m.recorded, f.RecordedAt)
	m.position = append(m.position, f.Position)
}

func (m *moves) queue(b *pgx.Batch, name, state string) {
	b.Queue(fmt.Sprintf(`
		UPDATE grants g SET state = '%[2]s', %[1]s_at = m.at, %[1]s_recorded = m.recorded, %[1]s_position = m.position
		FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::bigint[]) AS m(grant_id, at, recorded, position)
		WHERE g.grant_id = m.grant_id`, name, state), m.grant, m.at, m.recorded, m.position)
}

// issues are new grants.
type issues struct {
	moves
	person, employee, account, application, role, kind, target []string
	until                                                      []*time.Time
}

func (i *issues) add(f eventstore.Fact, e *accessv1.GrantIssued) {
	i.moves.add(f, e.GetGrantId())
	i.person = append(i.person, e.GetPersonId())
	i.employee = append(i.employee, e.GetEmployeeNumber())
	i.account = append(i.account, e.GetAccount())
	i.application = append(i.application, e.GetApplication())
	i.role = append(i.role, e.GetRole())
	i.kind = append(i.kind, e.GetKind())
	i.target = append(i.target, e.GetTarget())
	var until *time.Time
	if e.GetValidUntil() != nil {
		t := e.GetValidUntil().AsTime()
		until = &t
	}
	i.until = append(i.until, until)
}

func (i *issues) queue(b *pgx.Batch) {
	b.Queue(`
		INSERT INTO grants (grant_id, person_id, employee_number, account, application, role, kind, target, valid_until,
		                    issued_at, issued_recorded, issued_position, first_until, state)
		SELECT *, valid_until, 'issued' FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
		                               $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bigint[])
		     AS n(grant_id, person_id, employee_number, account, application, role, kind, target, valid_until, at, recorded, position)`,
		i.grant, i.person, i.employee, i.account, i.application, i.role, i.kind, i.target, i.until, i.at, i.recorded, i.position)
}

// renewals are later ends of grants.
type renewals struct {
	grant    []string
	until    []time.Time
	recorded []time.Time
	position []int64
}

func (r *renewals) add(f eventstore.Fact, e *accessv1.GrantRenewed) {
	r.grant = append(r.grant, e.GetGrantId())
	r.until = append(r.until, e.GetValidUntil().AsTime())
	r.recorded = append(r.recorded, f.RecordedAt)
	r.position = append(r.position, f.Position)
}

func (r *renewals) queue(b *pgx.Batch) {
	b.Queue(`
		WITH new AS (
			INSERT INTO renewals (grant_id, valid_until, recorded, position)
			SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::bigint[])
			RETURNING grant_id, valid_until, position),
		last AS (SELECT DISTINCT ON (grant_id) grant_id, valid_until FROM new ORDER BY grant_id, position DESC)
		UPDATE grants g SET valid_until = l.valid_until FROM last l WHERE g.grant_id = l.grant_id`,
		r.grant, r.until, r.recorded, r.position)
}
