package readmodel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Case is a case as lists show it.
type Case struct {
	ID, State                  string
	RequesterID, BeneficiaryID string
	Ask                        *approvalv1.Ask
	Step                       int32
	// DueAt is when the step that waits is late; nil for never.
	DueAt    *time.Time
	OpenedAt time.Time
	// PostponedUntil is when it goes on; nil unless it is postponed.
	PostponedUntil *time.Time
}

// Selection says which cases are asked for, those that are due first before
// others.
type Selection struct {
	// WaitingFor selects open cases in which one of these people may sign.
	WaitingFor []string
	// Concerning selects cases by or for a person.
	Concerning string
	// Closed also shows what has its outcome.
	Closed bool
	// After is the last case of the page before; "": none. AfterDue is its DueAt.
	After    string
	AfterDue *time.Time
	Limit    int
}

const caseColumns = `case_id, state, requester_id, beneficiary_id, ask, step, due_at, opened_at, postponed_until`

// List returns cases.
func List(ctx context.Context, pool *pgxpool.Pool, s Selection) ([]Case, error) {
	rows, err := pool.Query(ctx, `SELECT `+caseColumns+` FROM rm_cases.cases c
		WHERE (cardinality($1::text[]) = 0 OR state = 'open' AND EXISTS (SELECT FROM rm_cases.seats s WHERE s.case_id = c.case_id AND s.person_id = ANY ($1)))
		  AND ($2 = '' OR requester_id = $2 OR beneficiary_id = $2)
		  AND ($3 OR state IN ('open', 'postponed'))
		  AND ($4 = '' OR (due_at, case_id) > (coalesce($5, 'infinity'::timestamptz), $4))
		ORDER BY due_at, case_id LIMIT $6`, nonNil(s.WaitingFor), s.Concerning, s.Closed, s.After, s.AfterDue, s.Limit)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	found, err := pgx.CollectRows(rows, scanCase)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return found, nil
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// Find finds a case by its id or its number.
func Find(ctx context.Context, pool *pgxpool.Pool, name string) (c Case, ok bool, err error) {
	rows, err := pool.Query(ctx, `SELECT `+caseColumns+` FROM rm_cases.cases WHERE case_id = $1 OR number = $1 ORDER BY opened_at DESC LIMIT 1`, name)
	if err != nil {
		return c, false, fmt.Errorf("find the case: %w", err)
	}
	c, err = pgx.CollectExactlyOneRow(rows, scanCase)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("find the case: %w", err)
	}
	return c, true, nil
}

// Sees tells whether one of these people may sign a case or has signed it.
func Sees(ctx context.Context, pool *pgxpool.Pool, id, self string, actsFor []string) (sees bool, err error) {
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rm_cases.seats WHERE case_id = $1 AND (person_id = $2 OR person_id = ANY ($3)))
		OR EXISTS (SELECT FROM rm_cases.signed WHERE case_id = $1 AND person_id = $2)`, id, self, nonNil(actsFor)).Scan(&sees)
	if err != nil {
		return false, fmt.Errorf("look who may see the case: %w", err)
	}
	return sees, nil
}

func scanCase(row pgx.CollectableRow) (Case, error) {
	var c Case
	var ask []byte
	var due pgtype.Timestamptz
	if err := row.Scan(&c.ID, &c.State, &c.RequesterID, &c.BeneficiaryID, &ask, &c.Step, &due, &c.OpenedAt, &c.PostponedUntil); err != nil {
		return c, err
	}
	if due.InfinityModifier == pgtype.Finite {
		c.DueAt = &due.Time
	}
	c.Ask = &approvalv1.Ask{}
	return c, proto.Unmarshal(ask, c.Ask)
}
