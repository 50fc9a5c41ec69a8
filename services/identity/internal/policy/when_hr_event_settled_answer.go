package policy

import (
	"context"
	"encoding/json"
	"strconv"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/cases"
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/feed"
	"github.com/ostiary/ostiary/services/identity/internal/hrevent"
	"github.com/ostiary/ostiary/services/identity/internal/outfeed"
)

// reply is what an HR system is told.
type reply struct {
	ID             string   `json:"id"`
	Sequence       string   `json:"sequence"`
	EmployeeNumber string   `json:"employee_number"`
	Reason         string   `json:"reason"`
	NextSequence   string   `json:"next_sequence"`
	OpenItems      []string `json:"open_items"`
}

// answers tells HR systems how it goes.
type answers struct {
	p     *servicekit.Platform
	feeds *feed.Feeds
	book  *outfeed.Book
}

// WhenHrEventSettledAnswer tells the HR system what became of its event, and
// when its gate is shut or open (OPS-002, IDN-030).
func WhenHrEventSettledAnswer(p *servicekit.Platform, feeds *feed.Feeds, book *outfeed.Book) messaging.Policy {
	a := answers{p: p, feeds: feeds, book: book}
	return messaging.Policy{
		Name: "when_hr_event_settled_answer", Source: p.Service,
		On: []proto.Message{
			&identityv1.HrEventApplied{}, &identityv1.HrEventQuarantined{}, &identityv1.HrEventRepeated{}, &identityv1.HrGapFound{},
			&identityv1.ClearanceOpened{}, &identityv1.HrGateOpened{}, &identityv1.PersonnelFileClosed{},
		},
		Do: a.do,
	}
}

func (a answers) do(ctx context.Context, f eventstore.Fact) error {
	switch e := f.Message.(type) {
	case *identityv1.HrEventApplied:
		return a.answer(ctx, f, "accepted", e.GetSource(), e.GetSubject(), e.GetVerb(), reply{ID: e.GetEventId(), Sequence: number(e.GetSequence())})
	case *identityv1.HrEventQuarantined:
		return a.answer(ctx, f, "quarantined", e.GetSource(), e.GetSubject(), e.GetVerb(),
			reply{ID: e.GetEventId(), Sequence: number(e.GetSequence()), Reason: e.GetRefusal()})
	case *identityv1.HrEventRepeated:
		return a.answer(ctx, f, "duplicate", e.GetSource(), e.GetSubject(), "", reply{ID: e.GetEventId(), Sequence: number(e.GetSequence())})
	case *identityv1.HrGapFound:
		return a.answer(ctx, f, "gap", e.GetSource(), e.GetSubject(), "",
			reply{ID: e.GetEventId(), Sequence: number(e.GetSequence()), NextSequence: number(e.GetNextSequence())})
	case *identityv1.ClearanceOpened:
		return a.gate(ctx, f, "gate.blocked", e.GetEmployeeNumber(), e.GetItems())
	case *identityv1.HrGateOpened:
		return a.gate(ctx, f, "gate.opened", e.GetEmployeeNumber(), nil)
	case *identityv1.PersonnelFileClosed:
		if !e.GetBeforeGate() {
			return nil
		}
		open, err := a.open(ctx, f, e.GetEmployeeNumber())
		if err != nil {
			return err
		}
		return a.gate(ctx, f, "gate.blocked", e.GetEmployeeNumber(), open)
	}
	return nil
}

// answer tells about an event.
func (a answers) answer(ctx context.Context, f eventstore.Fact, name, source, subject, verb string, r reply) error {
	if r.NextSequence == "" {
		next, err := a.feeds.Next(ctx, source)
		if err != nil {
			return err
		}
		r.NextSequence = number(next)
	}
	if verb != hrevent.UnitChanged {
		r.EmployeeNumber = subject
	}
	return a.tell(ctx, f, name, source, subject, r)
}

// gate tells about a departure or a transfer. Who came by a file only is of a source, too.
func (a answers) gate(ctx context.Context, f eventstore.Fact, name, employee string, open []string) error {
	s, _, err := eventstore.Load(ctx, a.p.Journal, person.Decider, person.Stream(employee))
	if err != nil || s.Source == "" {
		return err // an operator has no HR system
	}
	return a.tell(ctx, f, name, s.Source, employee, reply{EmployeeNumber: employee, OpenItems: open})
}

// open are the open items of the case that HR would close; nil if there is none.
func (a answers) open(ctx context.Context, f eventstore.Fact, employee string) ([]string, error) {
	id, err := cases.Newest(ctx, a.p.Journal, employee, f.RecordedAt, f.Position)
	if err != nil || id == "" {
		return nil, err
	}
	c, _, err := eventstore.Load(ctx, a.p.Journal, clearance.Decider, clearance.Stream(id))
	return c.Missing(), err
}

func (a answers) tell(ctx context.Context, f eventstore.Fact, name, source, about string, r reply) error {
	if r.OpenItems == nil {
		r.OpenItems = []string{}
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return a.book.Add(ctx, outfeed.Entry{
		Service: f.Service, Position: f.Position, Name: name, Topic: "hrreply." + source + "." + outfeed.Token(about), About: about,
		Data: data, At: f.RecordedAt,
	})
}

// number is a sequence on the wire, "" if there is none.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
