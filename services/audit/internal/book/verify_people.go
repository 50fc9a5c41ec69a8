package book

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// name is the event that first named a person by a number.
type name struct {
	person   string
	seq      int64
	service  string
	position int64
}

// names keeps whom an event names; the first one in the ledger counts, as it
// did when it was entered.
func (r *run) names(service string, seq int64, l Line) {
	if l.EmployeeNumber == "" || l.PersonID == "" {
		return
	}
	if first, ok := r.named[l.EmployeeNumber]; !ok || seq < first.seq {
		r.named[l.EmployeeNumber] = name{l.PersonID, seq, service, l.Position}
	}
}

// people compares whom history finds under a number with whom the events name.
// It has no answer while some event is not what was entered: that is put back
// first.
func (r *run) people(ctx context.Context) error {
	if r.unread {
		return nil
	}
	for after := ""; ; {
		rows, err := r.Book.pool.Query(ctx, `SELECT employee_number, person_id FROM ledger.person
			WHERE employee_number > $1 ORDER BY employee_number LIMIT $2`, after, verifyPage)
		if err != nil {
			return fmt.Errorf("read people: %w", err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Number, Person string }])
		if err != nil {
			return fmt.Errorf("read people: %w", err)
		}
		for _, p := range list {
			if err := r.person(ctx, p.Number, p.Person); err != nil {
				return err
			}
			after = p.Number
		}
		if len(list) == 0 {
			break
		}
	}
	for _, n := range slices.SortedFunc(maps.Values(r.named), func(a, b name) int { return cmp.Compare(a.seq, b.seq) }) {
		r.find(n.service, n.position, PlaceChanged, "history does not find the person under the number that the event gives")
	}
	return nil
}

// person compares one number and ticks it off.
func (r *run) person(ctx context.Context, number, person string) error {
	n, ok := r.named[number]
	delete(r.named, number)
	if ok {
		if n.person != person {
			r.find(n.service, n.position, PlaceChanged, "history finds another person under the number that the event gives")
		}
		return nil
	}
	var newer bool
	err := r.Book.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM ledger.place WHERE person_id = $1 AND seq > $2)", person, r.last).Scan(&newer)
	if err != nil {
		return fmt.Errorf("read the person's places: %w", err)
	}
	if !newer {
		r.find("audit", 0, PlaceChanged, "history finds %s under a number that no event gives", person)
	}
	return nil
}
