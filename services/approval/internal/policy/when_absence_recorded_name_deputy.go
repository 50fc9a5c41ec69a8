package policy

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// DeputiesLock is held while a deputy is named: one at a time, so that it is
// certain that no circle is closed.
const DeputiesLock = "approval/deputies"

// byAbsence marks delegations that HR's word about an absence made; the name of
// the absence follows. Those made before absences had names hold no named.
const (
	byAbsence = "dlg_absence_"
	named     = "abs_"
)

// absences keeps the deputies of people who are away.
type absences struct {
	*Cases
	lock   *postgres.Lock
	policy messaging.Policy
}

// WhenAbsenceRecordedNameDeputy lets the deputy whom HR names sign while a
// person is away, and no longer: each absence has its own (ACR-061, APR-011).
// What HR may not name, such as a circle, names nobody, and an event says why;
// the cases then go their way by reminder and escalation.
func WhenAbsenceRecordedNameDeputy(c *Cases) messaging.Policy {
	a := &absences{Cases: c, lock: postgres.NewLock(c.Pool, DeputiesLock)}
	a.policy = messaging.Policy{
		Name: "when_absence_recorded_name_deputy", Source: "identity",
		On: []proto.Message{&identityv1.AbsenceRecorded{}, &identityv1.AbsenceEnded{}}, Do: a.do,
	}
	return a.policy
}

func (a *absences) do(ctx context.Context, f eventstore.Fact) error {
	return a.lock.Hold(ctx, func() error {
		switch e := f.Message.(type) {
		case *identityv1.AbsenceRecorded:
			return a.cover(ctx, f, e)
		case *identityv1.AbsenceEnded:
			return a.end(ctx, f, e)
		}
		return nil
	})
}

// end ends what an absence has made, when the absence ends.
func (a *absences) end(ctx context.Context, f eventstore.Fact, e *identityv1.AbsenceEnded) error {
	stream := authority.Stream(e.GetPersonId())
	state, _, err := eventstore.Load(ctx, a.Journal, authority.Decider, stream)
	if err != nil {
		return err
	}
	for id := range state.Delegations {
		absence, ok := strings.CutPrefix(id, byAbsence)
		if !strings.HasPrefix(absence, named) {
			absence = ""
		}
		if !ok || absence != e.GetAbsenceId() {
			continue
		}
		_, err := eventstore.Execute(ctx, a.Journal, authority.Decider, stream, a.policy.Command(f, stream+" end "+id), messaging.CausedBy(a.Service, f),
			authority.Command(authority.EndDeputy{
				ID: id, Of: state.Person, Reason: authority.ReasonReturned, At: e.GetEffectiveAt().AsTime(), Now: a.Clock.Now(),
			}))
		if err != nil {
			return fmt.Errorf("end a delegation: %w", err)
		}
	}
	return nil
}

// cover has the deputy sign while the absence lasts.
func (a *absences) cover(ctx context.Context, f eventstore.Fact, e *identityv1.AbsenceRecorded) error {
	if err := a.caughtUp(ctx); err != nil {
		return err
	}
	now, stream := a.Clock.Now(), authority.Stream(e.GetPersonId())
	all, err := readmodel.Delegations(ctx, a.Pool, now)
	if err != nil {
		return err
	}
	c := authority.CoverAbsence{
		ID: byAbsence + e.GetAbsenceId(), Of: &approvalv1.Party{PersonId: e.GetPersonId(), EmployeeNumber: e.GetEmployeeNumber()},
		Named: e.GetDeputy(), From: e.GetFrom().AsTime(), Now: now, Others: links(all),
	}
	if e.GetAbsenceId() == "" {
		c.ID += a.policy.Command(f, stream).ID
	}
	if e.GetUntil() != nil {
		c.Until = e.GetUntil().AsTime()
	}
	if c.Named != "" {
		deputy, ok, err := a.Directory.Person(signers.NotBefore(ctx, f.Position), c.Named)
		if err != nil {
			return err
		}
		if ok && deputy.Employed {
			c.Deputy = deputy.Party
		}
	}
	_, err = eventstore.Execute(ctx, a.Journal, authority.Decider, stream, a.policy.Command(f, stream), messaging.CausedBy(a.Service, f), authority.Command(c))
	if err != nil {
		return fmt.Errorf("cover the absence: %w", err)
	}
	return nil
}

func links(all []readmodel.Delegation) []authority.Delegation {
	found := make([]authority.Delegation, 0, len(all))
	for _, d := range all {
		found = append(found, authority.Delegation{Of: d.OfID, To: d.ToID, From: d.From, Until: d.Until})
	}
	return found
}
