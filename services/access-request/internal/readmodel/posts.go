package readmodel

import (
	"encoding/json"

	"github.com/jackc/pgx/v5"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// posts are the last posts of a page, one a person.
type posts struct {
	person, employee, position, kind []string
	employed                         []bool
	unit, attributes                 []string // JSON: arrays of arrays must be even in PostgreSQL
	row                              map[string]int
}

func (p *posts) add(e *accessv1.PostNoted) {
	i, ok := p.row[e.GetPersonId()]
	if !ok {
		if p.row == nil {
			p.row = map[string]int{}
		}
		i = len(p.person)
		p.row[e.GetPersonId()] = i
		p.person = append(p.person, e.GetPersonId())
		p.employee, p.position, p.kind = append(p.employee, ""), append(p.position, ""), append(p.kind, "")
		p.employed = append(p.employed, false)
		p.unit, p.attributes = append(p.unit, ""), append(p.attributes, "")
	}
	p.employee[i], p.position[i], p.kind[i] = e.GetEmployeeNumber(), e.GetPosition(), e.GetKind()
	p.employed[i] = e.GetEmployed()
	p.unit[i], p.attributes[i] = encode(e.GetUnit(), "[]"), encode(e.GetAttributes(), "{}")
}

func (p *posts) queue(b *pgx.Batch) {
	b.Queue(`
		INSERT INTO posts (person_id, employee_number, employed, position, unit, attributes, kind)
		SELECT person_id, employee_number, employed, position, unit, attributes, kind
		FROM unnest($1::text[], $2::text[], $3::boolean[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[])
		     AS p(person_id, employee_number, employed, position, unit, attributes, kind)
		ON CONFLICT (person_id) DO UPDATE SET employee_number = excluded.employee_number, employed = excluded.employed,
		     position = excluded.position, unit = excluded.unit, attributes = excluded.attributes, kind = excluded.kind`,
		p.person, p.employee, p.employed, p.position, p.unit, p.attributes, p.kind)
}

// encode writes names and attributes as JSON; what is empty is written as
// given, never as null.
func encode[T []string | map[string]string](v T, empty string) string {
	if len(v) == 0 {
		return empty
	}
	b, _ := json.Marshal(v) // lists and maps of strings cannot fail
	return string(b)
}
