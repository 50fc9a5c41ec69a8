package readmodel

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/privacy"
	"github.com/ostiary/ostiary/libs/projection"

	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
)

//go:embed people.sql
var peopleSchema string

// People is everybody who is or was known, with plans.
func People() projection.Projection {
	return projection.Projection{
		Name: "people", Version: 3, Schema: peopleSchema,
		Apply: fold[person.State]{
			key: personKey,
			evolve: func(s person.State, f eventstore.Fact) person.State {
				return person.Evolve(s, f.Message)
			},
			load: loadPeople, store: storePerson,
		}.apply,
		Digests: []string{
			`SELECT employee_number, source, kind, state, unit, position, supervisor, attributes FROM people ORDER BY employee_number`,
		},
	}
}

func personKey(f eventstore.Fact) string {
	number, ok := strings.CutPrefix(f.Stream, "person-")
	if !ok {
		return ""
	}
	return number
}

const peopleColumns = `employee_number, person_id, source, state, details, post, post_kind, start_plan, change_plan, ends_at, end_reason, employed`

func loadPeople(ctx context.Context, tx pgx.Tx, keys []string) (map[string]person.State, error) {
	rows, err := tx.Query(ctx, `SELECT `+peopleColumns+` FROM people WHERE employee_number = ANY ($1)`, keys)
	if err != nil {
		return nil, err
	}
	return collectPeople(rows)
}

func collectPeople(rows pgx.Rows) (map[string]person.State, error) {
	defer rows.Close()
	people := map[string]person.State{}
	for rows.Next() {
		var s person.State
		var state string
		var details, post, start, change []byte
		var ends *time.Time
		if err := rows.Scan(&s.Number, &s.ID, &s.Source, &state, &details, &post, &s.PostKind, &start, &change, &ends, &s.EndReason, &s.Employed); err != nil {
			return nil, err
		}
		s.Status = statusOf(state)
		s.Details, s.Post = &identityv1.PersonDetails{}, &identityv1.Post{}
		if err := proto.Unmarshal(details, s.Details); err != nil {
			return nil, fmt.Errorf("details of %s: %w", s.Number, err)
		}
		if err := proto.Unmarshal(post, s.Post); err != nil {
			return nil, fmt.Errorf("post of %s: %w", s.Number, err)
		}
		if start != nil {
			s.Start = &identityv1.EmploymentPlanned{}
			if err := proto.Unmarshal(start, s.Start); err != nil {
				return nil, fmt.Errorf("plan of %s: %w", s.Number, err)
			}
		}
		if change != nil {
			s.Change = &identityv1.PostChangePlanned{}
			if err := proto.Unmarshal(change, s.Change); err != nil {
				return nil, fmt.Errorf("plan of %s: %w", s.Number, err)
			}
		}
		if ends != nil {
			s.EndsAt = ends.UTC()
		}
		people[s.Number] = s
	}
	return people, rows.Err()
}

func storePerson(batch *pgx.Batch, number string, s person.State) error {
	attributes, err := json.Marshal(s.Post.GetAttributes())
	if err != nil {
		return err
	}
	if len(s.Post.GetAttributes()) == 0 {
		attributes = []byte("{}")
	}
	details, err := proto.Marshal(s.Details)
	if err != nil {
		return err
	}
	post, err := proto.Marshal(s.Post)
	if err != nil {
		return err
	}
	var start, change []byte
	if s.Start != nil {
		if start, err = proto.Marshal(s.Start); err != nil {
			return err
		}
	}
	if s.Change != nil {
		if change, err = proto.Marshal(s.Change); err != nil {
			return err
		}
	}
	var ends *time.Time
	if !s.EndsAt.IsZero() {
		ends = &s.EndsAt
	}
	unit := s.Post.GetUnit()
	if unit == nil {
		unit = []string{}
	}
	batch.Queue(`
		INSERT INTO people AS p (`+peopleColumns+`, kind, unit, position, supervisor, attributes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (employee_number) DO UPDATE SET
			person_id = excluded.person_id, source = excluded.source, state = excluded.state, details = excluded.details,
			post = excluded.post, post_kind = excluded.post_kind, start_plan = excluded.start_plan, change_plan = excluded.change_plan,
			ends_at = excluded.ends_at, end_reason = excluded.end_reason, employed = excluded.employed, kind = excluded.kind,
			unit = excluded.unit, position = excluded.position, supervisor = excluded.supervisor, attributes = excluded.attributes`,
		number, s.ID, s.Source, StateName(s.Status), nonNil(details), nonNil(post), s.PostKind, start, change, ends, s.EndReason, s.Employed,
		s.Details.GetKind(), unit, s.Post.GetPosition(), s.Post.GetSupervisor(), attributes)
	return nil
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

var stateNames = map[person.Status]string{
	person.Unknown: "unknown", person.Expected: "expected", person.Active: "active", person.Leaving: "leaving", person.Left: "left",
}

// StateName is the published name of a person's state.
func StateName(s person.Status) string { return stateNames[s] }

func statusOf(name string) person.Status {
	for s, n := range stateNames {
		if n == name {
			return s
		}
	}
	return person.Unknown
}

// Person is one person with the details open; ok is false if nobody has this
// number.
func Person(ctx context.Context, pool *pgxpool.Pool, keys *privacy.Keyring, number string) (s person.State, ok bool, err error) {
	rows, err := pool.Query(ctx, `SELECT `+peopleColumns+` FROM rm_people.people WHERE employee_number = $1`, number)
	if err != nil {
		return s, false, fmt.Errorf("read person: %w", err)
	}
	people, err := collectPeople(rows)
	if err != nil {
		return s, false, fmt.Errorf("read person: %w", err)
	}
	if s, ok = people[number]; !ok {
		return s, false, nil
	}
	if err := keys.Open(ctx, s.Details); err != nil {
		return s, false, fmt.Errorf("open details: %w", err)
	}
	return s, true, nil
}

// Everybody is all people, details open.
func Everybody(ctx context.Context, pool *pgxpool.Pool, keys *privacy.Keyring) (map[string]person.State, error) {
	rows, err := pool.Query(ctx, `SELECT `+peopleColumns+` FROM rm_people.people`)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	people, err := collectPeople(rows)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	ids := make([]string, 0, len(people))
	for _, s := range people {
		ids = append(ids, s.ID)
	}
	if err := keys.Prefetch(ctx, ids); err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	for _, s := range people {
		if err := keys.Open(ctx, s.Details); err != nil {
			return nil, fmt.Errorf("open details of %s: %w", s.Number, err)
		}
	}
	return people, nil
}

// Known tells which of the employee numbers are of people.
func Known(ctx context.Context, pool *pgxpool.Pool, numbers []string) (map[string]bool, error) {
	rows, err := pool.Query(ctx, `SELECT employee_number FROM rm_people.people WHERE employee_number = ANY ($1)`, numbers)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	known := map[string]bool{}
	for _, n := range found {
		known[n] = true
	}
	return known, nil
}
