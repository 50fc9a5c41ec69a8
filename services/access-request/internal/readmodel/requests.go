package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed requests.sql
var requestsSchema string

// Requests is the read model of what was asked for.
func Requests() projection.Projection {
	return projection.Projection{
		Name: "requests", Version: 2, Schema: requestsSchema, Apply: applyRequests,
		Digests: []string{
			`SELECT employee_number, requester_number, application, role, state, outcome FROM requests
			 ORDER BY employee_number COLLATE "C", application COLLATE "C", role COLLATE "C", state COLLATE "C", outcome COLLATE "C", requester_number COLLATE "C"`,
		},
	}
}

func applyRequests(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	b := &pgx.Batch{}
	for _, f := range page {
		queueRequest(b, f)
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write requests: %w", err)
	}
	return nil
}

func queueRequest(b *pgx.Batch, f eventstore.Fact) {
	state := func(request, state, outcome, detail string) {
		b.Queue(`UPDATE requests SET state = $2, outcome = $3, detail = $4, postponed_until = NULL WHERE request_id = $1`, request, state, outcome, detail)
	}
	switch e := f.Message.(type) {
	case *accessv1.AccessRequested:
		var from *time.Time
		if e.GetValidFrom() != nil {
			t := e.GetValidFrom().AsTime()
			from = &t
		}
		b.Queue(`INSERT INTO requests (request_id, number, person_id, employee_number, requester_id, requester_number, application, role, reason,
				valid_from, valid_until, renews, state, asked_at, position)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13, $14)`,
			e.GetRequestId(), e.GetNumber(), e.GetPersonId(), e.GetEmployeeNumber(), e.GetRequesterId(), e.GetRequesterNumber(), e.GetApplication(),
			e.GetRole(), e.GetReason(), from, e.GetValidUntil().AsTime(), e.GetRenews(), f.RecordedAt, f.Position)
	case *accessv1.AccessApprovalRequired:
		b.Queue(`UPDATE requests SET case_id = $2 WHERE request_id = $1`, e.GetRequestId(), e.GetAsk().GetCaseId())
	case *accessv1.AccessRequestApproved:
		state(e.GetRequestId(), "approved", "", "")
		if e.GetBeginsAt() != nil {
			b.Queue(`UPDATE requests SET begins_at = $2 WHERE request_id = $1`, e.GetRequestId(), e.GetBeginsAt().AsTime())
		}
	case *accessv1.AccessRequestDelayed:
		state(e.GetRequestId(), "approved", "delayed", e.GetRule()+": "+e.GetHeld())
	case *accessv1.AccessRequestRefused:
		state(e.GetRequestId(), "refused", e.GetReason(), e.GetDetail())
	case *accessv1.AccessRequestReturned:
		state(e.GetRequestId(), "returned", "", e.GetComment())
	case *accessv1.AccessRequestPostponed:
		state(e.GetRequestId(), "postponed", "", "")
		b.Queue(`UPDATE requests SET postponed_until = $2 WHERE request_id = $1`, e.GetRequestId(), e.GetUntil().AsTime())
	case *accessv1.AccessRequestWithdrawn:
		state(e.GetRequestId(), "withdrawn", e.GetReason(), "")
	case *accessv1.GrantIssued:
		if e.GetRequestId() != "" {
			b.Queue(`UPDATE requests SET grant_id = $2, outcome = '', detail = '' WHERE request_id = $1`, e.GetRequestId(), e.GetGrantId())
		}
	case *accessv1.GrantRenewed:
		b.Queue(`UPDATE requests SET grant_id = $2, state = 'fulfilled', outcome = '', detail = '' WHERE request_id = $1`, e.GetRequestId(), e.GetGrantId())
	case *accessv1.AccessRequestFulfilled:
		b.Queue(`UPDATE requests SET grant_id = $2, state = 'fulfilled', outcome = '', detail = '' WHERE request_id = $1`, e.GetRequestId(), e.GetGrantId())
	}
}

// Request is what was asked for.
type Request struct {
	RequestID, Number, PersonID, EmployeeNumber, RequesterID, RequesterNumber, Application, Role, Reason string
	ValidFrom                                                                                            *time.Time
	ValidUntil                                                                                           time.Time
	Renews, State, Outcome, Detail                                                                       string
	PostponedUntil, BeginsAt                                                                             *time.Time
	CaseID, GrantID                                                                                      string
	AskedAt                                                                                              time.Time
	Position                                                                                             int64
}

const requestColumns = `SELECT request_id, number, person_id, employee_number, requester_id, requester_number, application, role, reason, valid_from,
	valid_until, renews, state, outcome, detail, postponed_until, begins_at, case_id, grant_id, asked_at, position FROM rm_requests.requests`

// RequestSelection says which requests are asked for, the newest first.
type RequestSelection struct {
	// Of selects requests by or for a person, if set.
	Of string
	// EmployeeNumber selects requests for a person, if set.
	EmployeeNumber string
	// Open leaves out what is decided.
	Open bool
	// Before is the position of the last request of the page before; 0: none.
	Before int64
	Limit  int
}

// ListRequests returns requests, the newest first.
func ListRequests(ctx context.Context, pool *pgxpool.Pool, s RequestSelection) ([]Request, error) {
	rows, err := pool.Query(ctx, requestColumns+`
		WHERE ($1 = '' OR person_id = $1 OR requester_id = $1) AND ($2 = '' OR employee_number = $2)
		  AND (NOT $3 OR state IN ('pending', 'postponed')) AND ($4 = 0 OR position < $4)
		ORDER BY position DESC LIMIT $5`, s.Of, s.EmployeeNumber, s.Open, s.Before, s.Limit)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Request])
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	return found, nil
}

// FindRequest finds a request by its id or its number.
func FindRequest(ctx context.Context, pool *pgxpool.Pool, name string) (r Request, ok bool, err error) {
	rows, err := pool.Query(ctx, requestColumns+` WHERE request_id = $1 OR number = $1`, name)
	if err != nil {
		return r, false, fmt.Errorf("find the request: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Request])
	if err != nil {
		return r, false, fmt.Errorf("find the request: %w", err)
	}
	if len(found) == 0 {
		return r, false, nil
	}
	return found[0], true, nil
}

// PersonOf returns the person id behind an employee number, "" if identity has
// never spoken of it.
func PersonOf(ctx context.Context, pool *pgxpool.Pool, number string) (person string, err error) {
	err = pool.QueryRow(ctx, `SELECT coalesce((SELECT person_id FROM rm_grants.posts WHERE employee_number = $1 ORDER BY employed DESC LIMIT 1), '')`,
		number).Scan(&person)
	if err != nil {
		return "", fmt.Errorf("look for the person: %w", err)
	}
	return person, nil
}

// NextNumber takes the next short number of a year, for example
// AR-2026-000123.
func NextNumber(ctx context.Context, pool *pgxpool.Pool, year int) (string, error) {
	var last int64
	err := pool.QueryRow(ctx, `INSERT INTO access_request.number AS n (year, last) VALUES ($1, 1)
		ON CONFLICT (year) DO UPDATE SET last = n.last + 1 RETURNING last`, year).Scan(&last)
	if err != nil {
		return "", fmt.Errorf("take a number: %w", err)
	}
	return fmt.Sprintf("AR-%d-%06d", year, last), nil
}
