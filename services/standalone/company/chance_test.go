package company

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// founders are hired first: the chief, the owner of the application, the lead
// of the team, two guards, the director who may authorise, and some workers.
var founders = []post{
	{position: "cashier"}, {position: "cashier"}, {position: "lead", team: true}, {position: "guard"}, {position: "guard"}, {position: "guard"},
	{position: "clerk", team: true, book: true}, {position: "clerk", team: true}, {position: "cashier", team: true}, {position: "cashier", team: true},
}

// largest is how many people a company ever has.
const largest = 20

// next chooses what happens next.
func (p *player) next() command {
	if p.hired < len(founders) {
		at := founders[p.hired]
		at.supervisor = p.superior(p.hired + 1)
		return p.hires(p.hired+1, at)
	}
	for {
		var c *command
		switch n := p.random.IntN(100); {
		case n < 26:
			c = p.someAsk()
		case n < 64:
			c = p.someDecision()
		case n < 67:
			c = p.someWithdrawal()
		case n < 72:
			c = p.someDeputy()
		case n < 78:
			c = p.someSuspension()
		default:
			c = p.someWord()
		}
		if c != nil {
			return *c
		}
	}
}

// superior is a possible supervisor of the nth person: the first have the chief
// or the owner, the others the lead, too.
func (p *player) superior(n int) string {
	switch {
	case n == 1:
		return ""
	case n == 2:
		return p.number(1)
	case n <= 6:
		return p.number(one(p, 1, 1, 2))
	}
	return p.number(one(p, 1, 2, 3, 3, 3, 3))
}

// anybody is somebody whom HR has spoken of.
func (p *player) anybody() int { return 1 + p.random.IntN(p.hired) }

// someWord is a word of HR.
func (p *player) someWord() *command {
	n := p.anybody()
	number := p.number(n)
	who := p.people[number]
	switch kind := p.random.IntN(20); {
	case kind < 2 && p.hired < largest:
		c := p.hires(p.hired+1, p.somePost(p.hired+1))
		return &c
	case !who.works:
		c := p.hires(n, p.somePost(n))
		if p.chance(10) {
			c = p.moves(n, p.somePost(n))
		}
		return &c
	case kind < 5:
		c := p.moves(n, p.somePost(n))
		return &c
	case kind < 9:
		if keepers := p.keepers(); len(keepers) > 0 && p.chance(60) {
			n = one(p, keepers...)
		}
		to := p.people[p.number(n)].post
		to.book = !to.book
		c := p.moves(n, to)
		return &c
	case kind < 11:
		to := who.post
		to.supervisor = p.superior(n)
		c := p.moves(n, to)
		return &c
	case kind < 15 && n > 6:
		c := p.leaves(n)
		return &c
	case kind < 16:
		c := p.leaves(n)
		return &c
	case kind < 17:
		return p.announces(n)
	case kind < 19:
		return p.absents(n)
	}
	for away := 1; away <= p.hired; away++ {
		if p.people[p.number(away)].away.After(p.now) && p.chance(50) {
			n = away
		}
	}
	return p.returns(n)
}

// keepers are the clerks who hold the vault: for them the book matters.
func (p *player) keepers() []int {
	var found []int
	for n := 1; n <= p.hired; n++ {
		if number := p.number(n); p.people[number].position == "clerk" && p.rights[number]["vault"] != nil {
			found = append(found, n)
		}
	}
	return found
}

func (p *player) somePost(n int) post {
	return post{position: one(p, "clerk", "clerk", "cashier", "cashier", "lead", "guard"), team: p.chance(50), supervisor: p.superior(n), book: p.chance(50)}
}

// someAsk is a request, mostly one that may pass.
func (p *player) someAsk() *command {
	of := p.number(p.anybody())
	by := of
	switch n := p.random.IntN(10); {
	case n < 2 && p.people[of].supervisor != "":
		by = p.people[of].supervisor
	case n < 3:
		by = p.number(p.anybody())
	}
	if by != of && !p.company.works(by) {
		return nil // whose session has ended with the employment
	}
	r := &request{by: by, of: of, role: one(p, "pay", "pay", "check", "vault", "vault", "ledger", "desk")}
	first := 0
	if p.chance(25) {
		first = 1 + p.random.IntN(6)
		r.from = p.day(first).Add(6 * time.Hour)
	}
	r.until = p.day(first + 1 + p.random.IntN(15)).Add(4 * time.Hour)
	if p.chance(5) {
		r.until = p.day(one(p, -1, 0, first, 100)).Add(4 * time.Hour)
	}
	if held := p.renewable(of); len(held) > 0 && p.chance(40) {
		r.role, r.from, r.until = one(p, held...), time.Time{}, p.day(10+p.random.IntN(15)).Add(4*time.Hour)
	}
	c := p.asks(r)
	return &c
}

// renewable are the roles that somebody has by a request.
func (p *player) renewable(number string) []string {
	var found []string
	for role, r := range p.rights[number] {
		if r.asked {
			found = append(found, role)
		}
	}
	slices.Sort(found)
	return found
}

// someDecision is a decision about a case, mostly by somebody who may decide.
func (p *player) someDecision() *command {
	m := p.someMatter()
	if m == nil {
		return nil
	}
	var able, standIns []int
	for n := 1; n <= p.hired; n++ {
		if p.seatOf(m, p.number(n)) >= 0 {
			able = append(able, n)
			if !slices.Contains(slices.Concat(slices.Collect(maps.Values(p.candidates(m)))...), p.number(n)) {
				standIns = append(standIns, n)
			}
		}
	}
	n := p.anybody()
	switch k := p.random.IntN(20); {
	case k < 8 && len(standIns) > 0:
		n = one(p, standIns...)
	case k < 14 && len(able) > 0:
		n = one(p, able...)
	case k < 15:
		for _, d := range p.deputies {
			if m.own(d.of) {
				n, _ = strconv.Atoi(d.to[len(d.to)-2:])
			}
		}
	case k < 16:
		c := p.decides(p.number(6), m, "authorise")
		return &c
	case k < 18:
		c := p.decides(one(p, m.by, m.of), m, one(p, "approve", "authorise"))
		return &c
	}
	c := p.decides(p.number(n), m, one(p, "approve", "approve", "approve", "approve", "approve", "approve", "approve", "refuse", "return", "postpone"))
	return &c
}

// someMatter is a case, mostly one that waits.
func (p *player) someMatter() *matter {
	ids := slices.Sorted(maps.Keys(p.matters))
	if p.chance(95) {
		ids = slices.DeleteFunc(ids, func(id string) bool { return !p.matters[id].waits() })
	}
	if len(ids) == 0 {
		return nil
	}
	return p.matters[one(p, ids...)]
}

func (p *player) someWithdrawal() *command {
	ids := slices.Sorted(maps.Keys(p.company.requests))
	if p.chance(85) {
		ids = slices.DeleteFunc(ids, func(id string) bool { return !p.company.requests[id].coming() })
	}
	if len(ids) == 0 {
		return nil
	}
	r := p.company.requests[one(p, ids...)]
	by := one(p, r.by, r.of)
	if p.chance(15) {
		by = p.number(p.anybody())
	}
	c := p.takesBack(by, r)
	return &c
}

func (p *player) someDeputy() *command {
	if len(p.deputies) > 0 && p.chance(25) {
		c := p.recalls(one(p, p.deputies...))
		return &c
	}
	of, to := p.number(one(p, 1, 2, 3, 4, 5, p.anybody())), p.number(p.anybody())
	if m := p.someMatter(); m != nil && p.chance(60) {
		of, to = p.temptation(m, of, to)
	}
	if !p.company.works(of) {
		return nil
	}
	c := p.names(of, to, p.day(1+p.random.IntN(8)).Add(20*time.Hour))
	return &c
}

// temptation is a delegation by which somebody would come to decide the own
// matter: from a signer to whose matter it is, or on from there.
func (p *player) temptation(m *matter, of, to string) (string, string) {
	signers := slices.Concat(slices.Collect(maps.Values(p.candidates(m)))...)
	slices.Sort(signers)
	for _, d := range p.deputies {
		if m.own(d.to) && slices.Contains(signers, d.of) {
			return d.to, to // whoever is asked to stand in asks another one
		}
	}
	if len(signers) == 0 {
		return of, to
	}
	return one(p, signers...), one(p, m.by, m.of)
}

func (p *player) someSuspension() *command {
	var held []string
	for number, rights := range p.rights {
		for role := range rights {
			held = append(held, number+" "+role)
		}
	}
	if len(held) == 0 {
		return nil
	}
	slices.Sort(held)
	var number, role string
	if _, err := fmt.Sscan(one(p, held...), &number, &role); err != nil {
		return nil
	}
	by := p.number(p.anybody())
	if p.chance(10) {
		by = number
	}
	if p.rights[number][role].suspended != p.chance(10) {
		c := p.reinstates(by, number, role)
		return &c
	}
	c := p.suspends(by, number, role)
	return &c
}
