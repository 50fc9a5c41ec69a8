package company

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// errQuarantined says that HR's word was not carried out.
var errQuarantined = errors.New("quarantined")

// word is a word of the company's HR system, sent and carried out.
func (p *player) word(words, verb, number string, data map[string]any, refuse string, then func()) command {
	return command{words: words, refuse: refuse, then: then, do: func(ctx context.Context) error {
		p.sequence++
		id := "c" + p.name + "-" + strconv.Itoa(p.sequence)
		data["employee_number"] = number
		body, err := json.Marshal(map[string]any{
			"specversion": "1.0", "id": id, "source": "hr/c" + p.name, "type": "hr.employee." + verb + ".v1", "subject": number,
			"time": p.now.Format(time.RFC3339), "sequence": strconv.Itoa(p.sequence), "data": data,
		})
		if err != nil {
			return err
		}
		if _, err := p.i.hr.Publish(ctx, "hr.c"+p.name+".employee."+verb, body); err != nil {
			return err
		}
		if err := p.settled(ctx, id); err != nil {
			return err
		}
		return p.isShown(number)
	}}
}

// isShown waits until identity answers by what it has written: other services
// ask it.
func (p *player) isShown(number string) error {
	ctx, _ := p.as(number, "auditor")
	_, err := p.directory.GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: number})
	return err
}

// settled waits until it is seen what became of HR's word.
func (p *player) settled(ctx context.Context, id string) error {
	limit := time.After(patience)
	for {
		p.mu.Lock()
		outcome, changed := p.outcomes[id], p.changed
		p.mu.Unlock()
		switch outcome {
		case "":
		case "applied":
			return nil
		default:
			return fmt.Errorf("%w: %s", errQuarantined, outcome)
		}
		select {
		case <-changed:
		case <-limit:
			return errors.New("HR's word is not carried out")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// posted is a post as HR writes it.
func (p *player) posted(to post) map[string]any {
	unit := []string{"总部", "部门" + p.name}
	if to.team {
		unit = append(unit, "组")
	}
	var book any
	if to.book {
		book = "yes"
	}
	return map[string]any{
		"unit": unit, "position": to.position + p.name, "supervisor": to.supervisor, "attributes": map[string]any{"book": book},
		"effective_date": p.day(0).Format(time.DateOnly),
	}
}

func (p *player) hires(n int, at post) command {
	number, data := p.number(n), p.posted(at)
	data["name"], data["kind"] = "某人"+number, "employee"
	return p.word(fmt.Sprintf("HR: %s hired, %+v", number, at), "hired", number, data, "", func() {
		p.hired = max(p.hired, n)
		p.hire(number, at)
	})
}

func (p *player) moves(n int, to post) command {
	number, refuse := p.number(n), ""
	if !p.company.works(number) {
		refuse = "does not work here"
	}
	return p.word(fmt.Sprintf("HR: %s moved, %+v", number, to), "moved", number, p.posted(to), refuse, func() { p.move(number, to) })
}

func (p *player) leaves(n int) command {
	number, today := p.number(n), map[string]any{"effective_date": p.day(0).Format(time.DateOnly)}
	return p.word("HR: "+number+" left", one(p, "left", "dismissed", "walked_out"), number, today, "", func() { p.leave(number) })
}

// announces says that somebody will leave, on a day on which nobody else does.
func (p *player) announces(n int) *command {
	number, last := p.number(n), p.random.IntN(5)
	ends := p.day(last + 1)
	for _, other := range p.people {
		if other.works && other.ends.Equal(ends) {
			return nil
		}
	}
	c := p.word(fmt.Sprintf("HR: %s leaves at %s", number, ends), "leaving", number, map[string]any{"last_day": p.day(last).Format(time.DateOnly)}, "",
		func() { p.people[number].ends = ends })
	return &c
}

// absents says that somebody is away, and who stands in.
func (p *player) absents(n int) *command {
	number, deputy := p.number(n), p.number(p.anybody())
	if p.people[number].away.After(p.now) {
		return nil // HR says so once
	}
	last, refuse := p.random.IntN(5), ""
	if deputy == number {
		refuse = "the own deputy"
	}
	d := &deputyship{of: number, to: deputy, from: p.day(0), until: p.day(last + 1), absence: true}
	c := p.word(fmt.Sprintf("HR: %s is away until %s, %s stands in", number, d.until, deputy), "absent", number, map[string]any{
		"from": p.day(0).Format(time.DateOnly), "until": p.day(last).Format(time.DateOnly), "deputy": deputy,
	}, refuse, func() {
		for _, known := range p.deputies {
			if known.absence && *known == *d {
				return // said before
			}
		}
		p.people[number].away = d.until
		p.back(number)
		if p.mayStandIn(d) == "" {
			p.deputies = append(p.deputies, d)
		}
	})
	return &c
}

func (p *player) returns(n int) *command {
	number := p.number(n)
	c := p.word("HR: "+number+" is back", "returned", number, map[string]any{"effective_date": p.day(0).Format(time.DateOnly)}, "", func() {
		p.people[number].away = time.Time{}
		p.back(number)
	})
	return &c
}

// back ends what an absence has made.
func (p *player) back(number string) {
	p.deputies = slices.DeleteFunc(p.deputies, func(d *deputyship) bool { return d.absence && d.of == number })
}
