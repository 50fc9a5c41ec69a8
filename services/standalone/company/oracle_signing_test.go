package company

import (
	"maps"
	"slices"
	"time"
)

// stage is one step of a route: who may take its seats, how many must sign, and
// how long they have.
type stage struct {
	seats  []string
	quorum int
	due    time.Duration
}

// route is how a role is signed.
func route(role string) []stage {
	switch role {
	case "check", "pay":
		return []stage{{[]string{"supervisor"}, 1, 48 * time.Hour}, {[]string{"role_owner"}, 1, 72 * time.Hour}}
	case "vault":
		return []stage{{[]string{"unit_head"}, 1, 72 * time.Hour}, {[]string{"role_owner", "guards", "supervisor"}, 2, 96 * time.Hour}}
	}
	return []stage{{[]string{"supervisor"}, 1, 48 * time.Hour}}
}

// matter is the case of a request.
type matter struct {
	*request
	state  string
	step   int            // from 0
	signed map[int]string // of the step, by seat
	due    time.Time
	late   bool
	rests  time.Time // until when it is postponed
}

func (m *matter) waits() bool { return m.state == "open" || m.state == "postponed" }

func (m *matter) stage() stage { return route(m.role)[m.step] }

// own tells whether it is somebody's own matter.
func (m *matter) own(number string) bool { return number == m.by || number == m.of }

// deputyship lets somebody sign for somebody for a time.
type deputyship struct {
	id, of, to  string
	from, until time.Time
	absence     bool
}

func (d *deputyship) holds(at time.Time) bool { return !at.Before(d.from) && at.Before(d.until) }

// able tells whether somebody may sign a matter at all.
func (c *company) able(m *matter, number string) bool { return c.works(number) && !m.own(number) }

// upward is the nearest who may sign, from somebody up the line.
func (c *company) upward(m *matter, number string) []string {
	for seen := map[string]bool{}; c.people[number] != nil && !seen[number]; number = c.people[number].supervisor {
		seen[number] = true
		if c.able(m, number) {
			return []string{number}
		}
	}
	return nil
}

// head is who heads the team or the department, "" if that is not known. The
// pack names the head of the department; the team has the one member whose
// supervisor sits outside of it.
func (c *company) head(team bool) string {
	if named := c.number(1); !team && c.works(named) {
		return named
	}
	var heads []string
	for _, number := range c.workers() {
		p := c.people[number]
		above := c.people[p.supervisor]
		inside := above != nil && above.works && (above.team || !team)
		if p.team == team && !inside {
			heads = append(heads, number)
		}
	}
	if len(heads) == 1 {
		return heads[0]
	}
	return ""
}

// unitHead is the head of somebody's unit who may sign, or of the one above.
func (c *company) unitHead(m *matter) []string {
	for _, team := range []bool{true, false} {
		if team && !c.people[m.of].team {
			continue
		}
		if head := c.head(team); head != "" && c.able(m, head) {
			return []string{head}
		}
	}
	return nil
}

// headless tells whether a step needs the head of a unit that has none known:
// then nobody may ask, though one above might sign.
func (c *company) headless(m *matter) bool {
	return slices.Contains(m.stage().seats, "unit_head") && c.head(c.people[m.of].team) == ""
}

// holders are whoever may take a seat.
func (c *company) holders(m *matter, seat string) []string {
	switch seat {
	case "supervisor":
		return c.upward(m, c.people[m.of].supervisor)
	case "role_owner":
		return c.upward(m, c.number(2))
	case "unit_head":
		return c.unitHead(m)
	}
	var guards []string
	for _, n := range []int{4, 5} {
		if number := c.number(n); c.able(m, number) {
			guards = append(guards, number)
		}
	}
	return guards
}

// candidates are for each seat that is free whoever may take it.
func (c *company) candidates(m *matter) map[int][]string {
	free := map[int][]string{}
	for i, seat := range m.stage().seats {
		if m.signed[i] == "" {
			free[i] = c.holders(m, seat)
			if m.late {
				free[i] = append(free[i], c.unitHead(m)...)
			}
		}
	}
	return free
}

// reachable tells whether as many different people as are still missing can
// take seats.
func (c *company) reachable(m *matter) bool {
	used := map[string]bool{}
	for _, who := range m.signed {
		used[who] = true
	}
	return most(c.candidates(m), used) >= m.stage().quorum-len(m.signed)
}

// most is how many free seats different people can take at most, tried one way
// after the other.
func most(free map[int][]string, used map[string]bool) int {
	if len(free) == 0 {
		return 0
	}
	seat := slices.Min(slices.Collect(maps.Keys(free)))
	rest := maps.Clone(free)
	delete(rest, seat)
	best := most(rest, used)
	for _, who := range free[seat] {
		if !used[who] {
			with := maps.Clone(used)
			with[who] = true
			best = max(best, 1+most(rest, with))
		}
	}
	return best
}

// standsFor are those for whom somebody may sign now. No chain begins at or
// leads through whose own matter it is.
func (c *company) standsFor(m *matter, number string) []string {
	found := []string{}
	for round := []string{number}; len(round) > 0; {
		var next []string
		for _, d := range c.deputies {
			if slices.Contains(round, d.to) && d.of != number && d.holds(c.now) && !m.own(d.of) && !slices.Contains(found, d.of) {
				found, next = append(found, d.of), append(next, d.of)
			}
		}
		round = next
	}
	return found
}

// seatOf is the seat that somebody takes by signing, -1 if there is none: an
// own one before one as a deputy, and one that others can do without before
// one that only this person leaves open.
func (c *company) seatOf(m *matter, number string) int {
	if m.state != "open" || !c.works(number) || m.own(number) {
		return -1
	}
	for _, who := range m.signed {
		if who == number {
			return -1
		}
	}
	first := -1
	for _, mine := range [][]string{{number}, c.standsFor(m, number)} {
		for _, late := range []bool{false, true} {
			for i, seat := range m.stage().seats {
				able := c.holders(m, seat)
				if late {
					able = nil
					if m.late {
						able = c.unitHead(m)
					}
				}
				if m.signed[i] != "" || !meet(able, mine) {
					continue
				}
				after := *m
				after.signed = maps.Clone(m.signed)
				if after.signed == nil {
					after.signed = map[int]string{}
				}
				after.signed[i] = number
				if c.reachable(&after) {
					return i
				}
				if first < 0 {
					first = i
				}
			}
		}
	}
	return first
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// begin begins a step, or ends the case if nobody can sign it.
func (c *company) begin(m *matter, step int) {
	if m.step != step {
		m.signed = nil
	}
	m.step, m.state, m.late = step, "open", false
	m.due = c.now.Add(m.stage().due)
	if m.signed == nil {
		m.signed = map[int]string{}
	}
	c.cancelIfStuck(m)
}

func (c *company) cancelIfStuck(m *matter) {
	if m.state == "open" && !c.reachable(m) {
		c.close(m, "cancelled")
	}
}

// close ends a case without a grant.
func (c *company) close(m *matter, state string) {
	m.state = state
	if r := m.request; r.open() {
		r.state = "over"
		if state == "returned" {
			r.state = "returned"
		}
	}
}

// review looks again at every case, since somebody has come, left or moved.
func (c *company) review() {
	for _, m := range c.matters {
		c.cancelIfStuck(m)
	}
}

// approve takes a signature.
func (c *company) approve(m *matter, number string) {
	m.signed[c.seatOf(m, number)] = number
	switch {
	case len(m.signed) < m.stage().quorum:
		c.cancelIfStuck(m)
	case m.step+1 < len(route(m.role)):
		c.begin(m, m.step+1)
	default:
		c.authorise(m)
	}
}

// authorise ends a case with a grant.
func (c *company) authorise(m *matter) {
	m.state = "granted"
	if r := m.request; r.open() {
		c.granted(r)
	}
}

// postpone lets a case rest.
func (c *company) postpone(m *matter, until time.Time) {
	m.state, m.rests, m.request.state = "postponed", until, "postponed"
}
