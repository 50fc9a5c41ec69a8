package signers

import (
	"context"
	"time"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
)

// Matter is what is to be signed, and by which rules.
type Matter struct {
	Ask *approvalv1.Ask
	// Pack is the pack in force: it says who heads, owns and holds functions.
	Pack *pack.Pack
	// Strict asks before anything is recorded: then the head of a unit must be
	// known, and is not looked for above it.
	Strict bool
	// Zone is where days begin and end.
	Zone *time.Location
}

// Barred tells whether a person must not sign: it is the person's own matter.
func (m Matter) Barred(person string) bool {
	return person == m.Ask.GetRequester().GetPersonId() || person == m.Ask.GetBeneficiary().GetPersonId()
}

// Route is the way that the matter goes by a pack.
func Route(p *pack.Pack, ask *approvalv1.Ask) (pack.Route, bool) {
	post, role := ask.GetPost(), ask.GetRole()
	return p.Route(pack.Asked{
		Post:        pack.Post{Position: post.GetPosition(), Unit: post.GetUnit(), Kind: post.GetKind(), Attributes: post.GetAttributes()},
		Application: role.GetApplication(), Role: role.GetRole(), Level: role.GetLevel(), Privileged: role.GetPrivileged(),
	})
}

// Seats are those of a step, with whoever may take them now.
func (m Matter) Seats(ctx context.Context, d Directory, by ...string) ([]*approvalv1.Seat, error) {
	s := &search{Matter: m, directory: d, people: map[string]*Person{}}
	seats := make([]*approvalv1.Seat, 0, len(by))
	for _, authority := range by {
		holders, err := s.holders(ctx, authority)
		if err != nil {
			return nil, err
		}
		seats = append(seats, &approvalv1.Seat{By: authority, Holders: holders})
	}
	return seats, nil
}

// Plan is a step as it would begin now.
func (m Matter) Plan(ctx context.Context, d Directory, step pack.Step, now time.Time) (p approvalcase.Plan, err error) {
	if p.Seats, err = m.Seats(ctx, d, step.Signers...); err != nil {
		return p, err
	}
	p.Quorum = int32(step.Quorum)
	if p.DueAt, p.Calendar, err = after(now, step.Due, m.Zone); err != nil || m.Pack.Escalation == nil {
		return p, err
	}
	remind, calendar, err := after(now, m.Pack.Escalation.Remind, m.Zone)
	if err != nil {
		return p, err
	}
	if p.DueAt.IsZero() || remind.Before(p.DueAt) {
		p.RemindAt = remind
		if p.Calendar == "" {
			p.Calendar = calendar
		}
	}
	return p, nil
}

// Late is whom a late step is escalated to, and when the case lapses then: as
// long after as the step had itself. Nobody if the pack names nobody.
func (m Matter) Late(ctx context.Context, d Directory, step pack.Step, now time.Time) (*approvalv1.Seat, time.Time, error) {
	if m.Pack.Escalation == nil {
		return nil, time.Time{}, nil
	}
	seats, err := m.Seats(ctx, d, m.Pack.Escalation.To)
	if err != nil {
		return nil, time.Time{}, err
	}
	due, _, err := after(now, step.Due, m.Zone)
	return seats[0], due, err
}
