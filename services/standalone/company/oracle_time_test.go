package company

import (
	"slices"
	"time"
)

// occasion is something that happens by itself.
type occasion struct {
	at time.Time
	do func()
}

// pass lets time pass until an instant: what is due happens in its order.
func (c *company) pass(to time.Time) {
	for {
		due := c.occasions()
		due = slices.DeleteFunc(due, func(o occasion) bool { return o.at.After(to) })
		if len(due) == 0 {
			c.now = to
			return
		}
		first := slices.MinFunc(due, func(a, b occasion) int { return a.at.Compare(b.at) })
		if first.at.After(c.now) {
			c.now = first.at
		}
		first.do()
	}
}

// occasions are what is to come.
func (c *company) occasions() []occasion {
	var all []occasion
	for number, p := range c.people {
		if p.works && !p.ends.IsZero() {
			all = append(all, occasion{p.ends, func() { c.leave(number) }})
		}
	}
	for number, rights := range c.rights {
		for role, r := range rights {
			if !r.until.IsZero() {
				all = append(all, occasion{r.until, func() { c.lose(number, role) }})
			}
			if r.suspended && !r.back.IsZero() {
				all = append(all, occasion{r.back, func() { r.suspended, r.back = false, time.Time{} }})
			}
		}
	}
	for _, r := range c.requests {
		if r.state == "begins" {
			all = append(all, occasion{r.from, func() { c.granted(r) }})
		}
	}
	for _, m := range c.matters {
		if m.waits() {
			all = append(all, occasion{m.until, func() { c.close(m, "lapsed") }})
		}
		switch m.state {
		case "open":
			all = append(all, occasion{m.due, func() { c.overdue(m) }})
		case "postponed":
			all = append(all, occasion{m.rests, func() { c.resume(m) }})
		}
	}
	return all
}

// overdue escalates a late step to the head of the unit, once; then it lapses.
func (c *company) overdue(m *matter) {
	if !m.late && len(c.unitHead(m)) > 0 {
		m.late, m.due = true, c.now.Add(m.stage().due)
		return
	}
	c.close(m, "lapsed")
}

// resume begins the same step again; its signatures stay.
func (c *company) resume(m *matter) { c.begin(m, m.step) }
