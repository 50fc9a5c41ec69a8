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
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// DeputiesLock is held while a deputy is named: one at a time, so that it is
// certain that no circle is closed.
const DeputiesLock = "approval/deputies"

// byAbsence marks delegations that HR's word about an absence made.
const byAbsence = "dlg_absence_"

// absences keeps the deputies of people who are away.
type absences struct {
	*Cases
	lock   *postgres.Lock
	policy messaging.Policy
}

// WhenAbsenceRecordedNameDeputy lets the deputy whom HR names sign while a
// person is away, and no longer (ACR-061, APR-011). A newer absence takes the
// place of the one before. What HR may not name, such as a circle, names
// nobody; the cases then go their way by reminder and escalation.
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
			if err := a.end(ctx, f, e.GetPersonId()); err != nil || e.GetDeputy() == "" {
				return err
			}
			return a.name(ctx, f, e)
		case *identityv1.AbsenceEnded:
			return a.end(ctx, f, e.GetPersonId())
		}
		return nil
	})
}

// end ends what an earlier absence has made.
func (a *absences) end(ctx context.Context, f eventstore.Fact, person string) error {
	stream := authority.Stream(person)
	state, _, err := eventstore.Load(ctx, a.Journal, authority.Decider, stream)
	if err != nil {
		return err
	}
	for id := range state.Delegations {
		if !strings.HasPrefix(id, byAbsence) || id == a.id(f, stream) {
			continue
		}
		_, err := eventstore.Execute(ctx, a.Journal, authority.Decider, stream, a.policy.Command(f, stream+" end "+id), messaging.CausedBy(a.Service, f),
			authority.Command(authority.EndDeputy{ID: id, Of: state.Person, Reason: authority.ReasonReturned}))
		if err != nil {
			return fmt.Errorf("end a delegation: %w", err)
		}
	}
	return nil
}

func (a *absences) name(ctx context.Context, f eventstore.Fact, e *identityv1.AbsenceRecorded) error {
	deputy, ok, err := a.Directory.Person(signers.NotBefore(ctx, f.Position), e.GetDeputy())
	if err != nil {
		return err
	}
	if !ok || !deputy.Employed {
		a.passOver(ctx, f, "DEPUTY_NOT_FOUND")
		return nil
	}
	if err := a.caughtUp(ctx); err != nil {
		return err
	}
	now := a.Clock.Now()
	all, err := readmodel.Delegations(ctx, a.Pool, now)
	if err != nil {
		return err
	}
	from := e.GetFrom().AsTime()
	until := from.Add(authority.Longest)
	if e.GetUntil() != nil {
		until = e.GetUntil().AsTime()
	}
	stream := authority.Stream(e.GetPersonId())
	_, err = eventstore.Execute(ctx, a.Journal, authority.Decider, stream, a.policy.Command(f, stream), messaging.CausedBy(a.Service, f),
		authority.Command(authority.NameDeputy{
			ID: a.id(f, stream), Of: &approvalv1.Party{PersonId: e.GetPersonId(), EmployeeNumber: e.GetEmployeeNumber()},
			Deputy: deputy.Party, From: from, Until: until, Reason: "absence", Now: now, Others: links(all),
		}))
	if why, refused := fault.Of(err); refused && why.Kind != fault.Unavailable && why.Kind != fault.Conflict {
		a.passOver(ctx, f, why.Reason)
		return nil
	}
	if err != nil {
		return fmt.Errorf("name the deputy: %w", err)
	}
	return nil
}

// id is that of the delegation that an absence makes.
func (a *absences) id(f eventstore.Fact, stream string) string {
	return byAbsence + a.policy.Command(f, stream).ID
}

func (a *absences) passOver(ctx context.Context, f eventstore.Fact, reason string) {
	a.Log.WarnContext(ctx, "a deputy whom HR names is passed over", "position", f.Position, "reason", reason)
}

func links(all []readmodel.Delegation) []authority.Delegation {
	found := make([]authority.Delegation, 0, len(all))
	for _, d := range all {
		found = append(found, authority.Delegation{Of: d.OfID, To: d.ToID, From: d.From, Until: d.Until})
	}
	return found
}
