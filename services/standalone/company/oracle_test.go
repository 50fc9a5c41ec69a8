package company

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// post is where somebody works.
type post struct {
	position   string // clerk, lead, cashier or guard
	team       bool   // in the team of the department, else in the department itself
	supervisor string
	book       bool // the attribute by which clerks keep the ledger
}

// person is somebody whom HR has spoken of.
type person struct {
	post
	works bool
	ends  time.Time // the announced end; zero if none is
	away  time.Time // until when an absence lasts; zero if none does
}

// right is what somebody has.
type right struct {
	asked     bool      // by a request, else by post
	until     time.Time // exclusive; zero: no end
	suspended bool
	back      time.Time // when it comes back by itself; zero: when somebody says so
}

// request is what somebody asked for.
type request struct {
	id, by, of, role string
	from, until      time.Time
	state            string
}

// open tells whether signatures are awaited, coming whether a right may still
// come of it.
func (r *request) open() bool   { return r.state == "asked" || r.state == "postponed" }
func (r *request) coming() bool { return r.open() || r.state == "begins" }

// company is what one company must be like.
type company struct {
	name     string // two digits
	now      time.Time
	people   map[string]*person
	rights   map[string]map[string]*right
	requests map[string]*request
	matters  map[string]*matter // by request
	deputies []*deputyship
}

func newCompany(n int) *company {
	return &company{
		name: fmt.Sprintf("%02d", n), now: begin, people: map[string]*person{}, rights: map[string]map[string]*right{},
		requests: map[string]*request{}, matters: map[string]*matter{},
	}
}

// number is the employee number of the nth person.
func (c *company) number(n int) string { return fmt.Sprintf("E%s%02d", c.name, n) }

func (c *company) works(number string) bool {
	p := c.people[number]
	return p != nil && p.works
}

// apart are the roles that nobody holds together.
var apart = [][2]string{{"pay", "check"}, {"ledger", "vault"}}

// forbidden returns what a role may not stand beside.
func forbidden(role string) string {
	for _, pair := range apart {
		switch role {
		case pair[0]:
			return pair[1]
		case pair[1]:
			return pair[0]
		}
	}
	return ""
}

// given are the roles that the matrix gives to a post, in its order.
func given(p post) []string {
	switch {
	case p.position == "lead":
		return []string{"desk", "check"}
	case p.position == "clerk" && p.book:
		return []string{"desk", "ledger"}
	case p.position == "clerk":
		return []string{"desk"}
	}
	return nil
}

// align gives somebody exactly what the post gives, beside what was asked for;
// what was asked for goes before what the post gives.
func (c *company) align(number string) {
	p := c.people[number]
	if !p.works {
		return
	}
	holds := c.rights[number]
	if holds == nil {
		holds = map[string]*right{}
		c.rights[number] = holds
	}
	due := map[string]bool{}
	for _, role := range given(p.post) {
		if other := holds[forbidden(role)]; holds[role] == nil || !holds[role].asked {
			if other != nil && other.asked {
				continue
			}
		}
		due[role] = true
		if holds[role] == nil {
			holds[role] = &right{}
		}
	}
	for role, r := range holds {
		if !r.asked && !due[role] {
			delete(holds, role)
		}
	}
}

// lose ends a right that was asked for. What the post gives beside it comes then.
func (c *company) lose(number, role string) {
	delete(c.rights[number], role)
	c.align(number)
}

// hire takes somebody on, or back.
func (c *company) hire(number string, at post) {
	c.people[number] = &person{post: at, works: true}
	c.align(number)
	c.review()
}

// move gives somebody another post. Whoever has another position or unit asks
// anew for what was asked for.
func (c *company) move(number string, to post) {
	p := c.people[number]
	transfer := p.position != to.position || p.team != to.team
	if transfer {
		c.giveUp(number)
	}
	p.post = to
	c.align(number)
	c.review()
}

// giveUp withdraws whatever may still come and takes what was asked for.
func (c *company) giveUp(number string) {
	for _, r := range c.requests {
		if r.of == number && r.coming() {
			c.withdraw(r)
		}
	}
	for role, r := range c.rights[number] {
		if r.asked {
			delete(c.rights[number], role)
		}
	}
}

// leave ends everything of somebody.
func (c *company) leave(number string) {
	c.giveUp(number)
	delete(c.rights, number)
	p := c.people[number]
	p.works, p.ends, p.away = false, time.Time{}, time.Time{}
	c.deputies = slices.DeleteFunc(c.deputies, func(d *deputyship) bool { return d.of == number || d.to == number })
	c.review()
}

func (c *company) withdraw(r *request) {
	r.state = "over"
	if m := c.matters[r.id]; m.waits() {
		m.state = "cancelled"
	}
}

// longest is how long a right may be asked for: sixty days, the last one whole.
const longest = 61 * 24 * time.Hour

// mayAsk tells whether a request passes; if not, why.
func (c *company) mayAsk(r *request) (why string) {
	start := r.from
	if start.Before(c.now) {
		start = c.now
	}
	held := c.rights[r.of][r.role]
	switch {
	case r.by != r.of && c.people[r.of].supervisor != r.by:
		return "for another"
	case !c.works(r.of):
		return "does not work here"
	case !r.until.After(start), r.until.After(start.Add(longest)):
		return "period"
	case held != nil && (held.until.IsZero() || !r.until.After(held.until)):
		return "held"
	}
	other := forbidden(r.role)
	if other != "" && c.rights[r.of][other] != nil {
		return "duty rule"
	}
	for _, q := range c.requests {
		if q.of == r.of && q.coming() && (q.role == r.role || q.role == other) {
			return "asked or apart"
		}
	}
	for step := range route(r.role) {
		m := &matter{request: r, step: step}
		if !c.reachable(m) || c.headless(m) {
			return "no signer"
		}
	}
	return ""
}

// ask takes a request that passes and opens its case.
func (c *company) ask(r *request) {
	r.state = "asked"
	if c.rights[r.of][r.role] != nil {
		r.from = time.Time{} // a right that is there goes on
	}
	c.requests[r.id] = r
	m := &matter{request: r, state: "open"}
	c.matters[r.id] = m
	c.begin(m, 0)
}

// granted gives what was signed, if it is not wrong by now.
func (c *company) granted(r *request) {
	switch {
	case !r.until.After(c.now), c.clashes(r.of, r.role):
		r.state = "over"
	case r.from.After(c.now):
		r.state = "begins"
	default:
		c.give(r)
	}
}

// clashes tells whether a role may not be had beside what is had or begins.
func (c *company) clashes(number, role string) bool {
	other := forbidden(role)
	if other == "" {
		return false
	}
	for _, q := range c.requests {
		if q.of == number && q.state == "begins" && q.role == other {
			return true
		}
	}
	return c.rights[number][other] != nil
}

// give gives a right, or a later end to the one that is there.
func (c *company) give(r *request) {
	r.state = "given"
	switch held := c.rights[r.of][r.role]; {
	case held == nil:
		c.rights[r.of][r.role] = &right{asked: true, until: r.until}
	case !held.until.IsZero() && r.until.After(held.until):
		held.until = r.until
	}
}

// picture is what must be seen of the company.
func (c *company) picture() map[string]string {
	all := map[string]string{}
	for number, p := range c.people {
		all["person "+number] = "gone"
		if p.works {
			all["person "+number] = fmt.Sprintf("works as %s team=%t under %q book=%t", p.position, p.team, p.supervisor, p.book)
		}
		for role, r := range c.rights[number] {
			all["right "+number+" "+role] = showRight(r.asked, r.until, r.suspended)
			if !r.suspended {
				all["target "+number+" "+role] = "member"
			}
		}
	}
	for id, r := range c.requests {
		all["request "+id] = r.state
		m := c.matters[id]
		all["case "+id] = showCase(m.state, m.step+1, m.late, slices.Collect(maps.Values(m.signed)))
	}
	return all
}

func showRight(asked bool, until time.Time, suspended bool) string {
	text := "by post"
	if asked {
		text = "asked for until " + until.UTC().Format("01-02T15:04")
	}
	if suspended {
		text += ", suspended"
	}
	return text
}

func showCase(state string, step int, late bool, signed []string) string {
	if state != "open" && state != "postponed" {
		return state
	}
	return fmt.Sprintf("%s at step %d late=%t signed by %s", state, step, late, strings.Join(slices.Sorted(slices.Values(signed)), " "))
}

// workers are those who work here, sorted.
func (c *company) workers() []string {
	var all []string
	for number := range c.people {
		if c.works(number) {
			all = append(all, number)
		}
	}
	slices.SortFunc(all, cmp.Compare[string])
	return all
}
