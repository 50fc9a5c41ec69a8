package company

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// asks asks for a right.
func (p *player) asks(r *request) command {
	words := fmt.Sprintf("%s asks for %s of %s from %s until %s", r.by, r.role, r.of, r.from, r.until)
	return command{words: words, refuse: p.mayAsk(r), then: func() { p.ask(r) }, do: func(context.Context) error {
		ctx, id := p.as(r.by)
		r.id = "req_" + id
		q := &accessv1.SubmitRequestRequest{
			Application: "a" + p.name, Role: r.role, EmployeeNumber: r.of, Reason: "月末对账", Until: timestamppb.New(r.until),
		}
		if !r.from.IsZero() {
			q.From = timestamppb.New(r.from)
		}
		_, err := p.access.SubmitRequest(ctx, q)
		return err
	}}
}

// takesBack withdraws a request.
func (p *player) takesBack(by string, r *request) command {
	refuse, before := "", r.state
	switch {
	case by != r.by && by != r.of:
		refuse = "not theirs"
	case !r.coming() && r.state != "over":
		refuse = "decided"
	}
	return command{words: fmt.Sprintf("%s takes back %s, which is %s", by, r.id, before), refuse: refuse, do: func(context.Context) error {
		ctx, _ := p.as(by)
		_, err := p.access.WithdrawRequest(ctx, &accessv1.WithdrawRequestRequest{Request: r.id})
		if err != nil && refuse == "" && before == "over" {
			return nil // refused requests are closed, withdrawn ones withdrawn already
		}
		return err
	}, then: func() {
		if r.coming() {
			p.withdraw(r)
		}
	}}
}

// decides decides about a case.
func (p *player) decides(by string, m *matter, decision string) command {
	refuse, until := "", p.day(1+p.random.IntN(5)).Add(10*time.Hour)
	switch {
	case !m.waits():
		refuse = "it has its outcome"
	case !p.company.works(by):
		refuse = "has left"
	case m.own(by):
		refuse = "the own matter"
	case decision == "authorise" && by != p.number(6):
		refuse = "does not lead"
	case decision != "authorise" && p.seatOf(m, by) < 0:
		refuse = "has no seat"
	case decision == "postpone" && !until.Before(m.until):
		refuse = "what is asked for is over by then"
	}
	words := fmt.Sprintf("%s: %s of %s for %s, asked by %s, step %d, %s", by, decision, m.role, m.of, m.by, m.step+1, m.id)
	return command{words: words, refuse: refuse, do: func(context.Context) error {
		ctx, _ := p.as(by)
		id := "case_" + m.id[len("req_"):]
		p.mu.Lock()
		digest := p.cases[id].digest
		p.mu.Unlock()
		_, err := p.signing.Decide(ctx, &approvalv1.DecideRequest{CaseId: id, Decision: decision, Digest: digest, Reason: "因工作需要", Until: timestamppb.New(until)})
		return err
	}, then: func() {
		switch decision {
		case "approve":
			p.approve(m, by)
		case "authorise":
			p.authorise(m)
		case "refuse":
			p.close(m, "refused")
		case "return":
			p.close(m, "returned")
		case "postpone":
			p.postpone(m, until)
		}
	}}
}

// names names a deputy from now on.
func (p *player) names(of, to string, until time.Time) command {
	d := &deputyship{of: of, to: to, from: p.now, until: until}
	refuse := p.mayStandIn(d)
	return command{words: fmt.Sprintf("%s names %s until %s", of, to, until), refuse: refuse, then: func() { p.deputies = append(p.deputies, d) }, do: func(context.Context) error {
		ctx, id := p.as(of)
		d.id = "dlg_" + id
		_, err := p.signing.NameDeputy(ctx, &approvalv1.NameDeputyRequest{Deputy: to, Until: timestamppb.New(until), Reason: "出差"})
		return err
	}}
}

// mayStandIn tells why somebody may not sign for another, "" if it may be.
func (p *player) mayStandIn(d *deputyship) string {
	switch {
	case d.of == d.to:
		return "the own deputy"
	case !p.company.works(d.to):
		return "has left"
	case !d.until.After(p.now):
		return "over"
	case p.closesCircle(d):
		return "a circle"
	}
	for _, other := range p.deputies {
		if other.of == d.of && other.to == d.to && d.from.Before(other.until) && other.from.Before(d.until) {
			return "named already"
		}
	}
	return ""
}

// closesCircle tells whether at any instant of a deputyship others lead from
// the deputy back.
func (p *player) closesCircle(d *deputyship) bool {
	instants := []time.Time{d.from}
	for _, other := range p.deputies {
		if d.holds(other.from) {
			instants = append(instants, other.from)
		}
	}
	for _, at := range instants {
		reached := []string{d.to}
		for i := 0; i < len(reached); i++ {
			for _, other := range p.deputies {
				if other.of == reached[i] && other.holds(at) && other.until.After(p.now) && !slices.Contains(reached, other.to) {
					reached = append(reached, other.to)
				}
			}
		}
		if slices.Contains(reached, d.of) {
			return true
		}
	}
	return false
}

// recalls ends a deputyship before its time.
func (p *player) recalls(d *deputyship) command {
	by, refuse := d.of, ""
	if d.id == "" {
		return p.names(d.of, d.of, p.day(1)) // one of an absence has no name here
	}
	if p.chance(20) {
		by, refuse = d.to, "not theirs"
	}
	return command{words: fmt.Sprintf("%s recalls %s for %s", by, d.to, d.of), refuse: refuse, do: func(context.Context) error {
		ctx, _ := p.as(by)
		_, err := p.signing.EndDeputy(ctx, &approvalv1.EndDeputyRequest{DelegationId: d.id})
		return err
	}, then: func() {
		p.deputies = slices.DeleteFunc(p.deputies, func(other *deputyship) bool { return other == d })
	}}
}

// grant is the id of a right that somebody has, as it is seen.
func (p *player) grant(number, role string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.grants {
		if g.live && g.number == number && g.role == role {
			return g.id
		}
	}
	return ""
}

func (p *player) suspends(by, number, role string) command {
	r, refuse, until := p.rights[number][role], "", time.Time{}
	if p.chance(50) {
		until = p.day(1 + p.random.IntN(6)).Add(8 * time.Hour)
	}
	switch {
	case by == number:
		refuse = "the own right"
	case r.suspended:
		refuse = "suspended already"
	}
	return command{words: fmt.Sprintf("%s suspends %s of %s until %s", by, role, number, until), refuse: refuse, do: func(context.Context) error {
		ctx, _ := p.as(by, "access-admin")
		q := &accessv1.SuspendGrantRequest{GrantId: p.grant(number, role), Reason: "核查"}
		if !until.IsZero() {
			q.Until = timestamppb.New(until)
		}
		_, err := p.access.SuspendGrant(ctx, q)
		return err
	}, then: func() { r.suspended, r.back = true, until }}
}

func (p *player) reinstates(by, number, role string) command {
	r, refuse := p.rights[number][role], ""
	switch {
	case by == number:
		refuse = "the own right"
	case !r.suspended:
		refuse = "not suspended"
	case p.clashes(number, role):
		refuse = "duty rule"
	}
	return command{words: fmt.Sprintf("%s reinstates %s of %s", by, role, number), refuse: refuse, do: func(context.Context) error {
		ctx, _ := p.as(by, "access-admin")
		_, err := p.access.ReinstateGrant(ctx, &accessv1.ReinstateGrantRequest{GrantId: p.grant(number, role), Reason: "核查完毕"})
		return err
	}, then: func() { r.suspended, r.back = false, time.Time{} }}
}
