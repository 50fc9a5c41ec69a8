package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/cases"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
	"github.com/ostiary/ostiary/services/identity/internal/domain/hrfeed"
	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/feed"
	"github.com/ostiary/ostiary/services/identity/internal/hrevent"
	"github.com/ostiary/ostiary/services/identity/internal/hrfile"
	"github.com/ostiary/ostiary/services/identity/internal/packs"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// ErrCorrects says that what is corrected is not known.
var ErrCorrects = fault.New(fault.Refused, "HR_CORRECTS_UNKNOWN",
	"The event that is corrected was not carried out, or is of another person, or cannot be corrected; send what is right as an event of its own.",
	"被更正的事件未执行、属于其他人员或不可更正，请将正确内容作为新事件发送。")

// hrEvents carries out what HR systems send.
type hrEvents struct {
	p      *servicekit.Platform
	packs  *packs.Packs
	feeds  *feed.Feeds
	policy messaging.Policy
}

// WhenHrEventTakenCarryOut does what an event of an HR system asks for, and
// says how that went. Events of one source are carried out one after the other,
// in the order of their numbers (OPS-002). What a rule refuses goes into
// quarantine; the rest goes on.
func WhenHrEventTakenCarryOut(p *servicekit.Platform, current *packs.Packs, feeds *feed.Feeds) messaging.Policy {
	h := &hrEvents{p: p, packs: current, feeds: feeds}
	h.policy = messaging.Policy{
		Name: "when_hr_event_taken_carry_out", Source: p.Service, On: []proto.Message{&identityv1.HrEventTaken{}}, Do: h.do,
	}
	return h.policy
}

func (h *hrEvents) do(ctx context.Context, f eventstore.Fact) error {
	taken := f.Message.(*identityv1.HrEventTaken)
	var outcome hrfeed.Command = hrfeed.Apply{Event: taken}
	err := h.carryOut(ctx, f, taken)
	if why, ok := fault.Of(err); ok && why.Kind != fault.Unavailable && !errors.Is(err, eventstore.ErrConflict) {
		outcome, err = hrfeed.Quarantine{Event: taken, Why: why}, nil
	}
	if err != nil {
		return err
	}
	stream := hrfeed.Stream(taken.GetSource())
	if _, err := h.feeds.Of(taken.GetSource()).Execute(ctx, h.policy.Command(f, stream), messaging.CausedBy(h.p.Service, f), outcome); err != nil {
		return fmt.Errorf("say how it went: %w", err)
	}
	return nil
}

func (h *hrEvents) carryOut(ctx context.Context, f eventstore.Fact, taken *identityv1.HrEventTaken) error {
	pack, _, err := h.packs.Current(ctx)
	if err != nil {
		return err
	}
	if pack == nil || !pack.HasSource(taken.GetSource()) {
		return hrfeed.ErrSource.With("source", taken.GetSource())
	}
	e, unreadable, wrong := feed.Reread(taken)
	switch {
	case unreadable != nil:
		return unreadable
	case wrong != nil:
		return wrong
	}
	if e.Verb == hrevent.UnitChanged {
		return h.unit(ctx, f, e)
	}
	return h.employee(ctx, f, taken, e)
}

// employee does what concerns a person.
func (h *hrEvents) employee(ctx context.Context, f eventstore.Fact, taken *identityv1.HrEventTaken, e hrevent.Event) error {
	stream := person.Stream(e.Subject)
	state, _, err := eventstore.Load(ctx, h.p.Journal, person.Decider, stream)
	if err != nil {
		return err
	}
	if state.Status != person.Unknown && state.Source != e.Source {
		return person.ErrForeign.With("source", state.Source)
	}
	verb, data, correction := e.Verb, e.Data, false
	if verb == hrevent.Corrected {
		original, err := h.original(ctx, e)
		if err != nil {
			return err
		}
		correction = true
		verb, data = h.corrects(state, original, data)
	}
	c, err := h.meaning(ctx, state, taken.GetPersonId(), verb, data, e, correction)
	if err != nil {
		return err
	}
	if move, ok := c.(person.Move); ok && verb == hrevent.TransferNoticed {
		move.Case = cases.OfNotice(f.Position)
		c = move
	}
	_, err = eventstore.Execute(ctx, h.p.Journal, person.Decider, stream, h.policy.Command(f, stream), messaging.CausedBy(h.p.Service, f), c)
	return err
}

// corrects says what a correction is about, and the data with which it is carried
// out.
func (h *hrEvents) corrects(s person.State, original hrevent.Event, data hrevent.Data) (string, hrevent.Data) {
	verb := original.Verb
	switch verb {
	case hrevent.TransferNoticed:
		verb, data.EffectiveDate = h.ofTransfer(s, original.Data, data)
	case hrevent.Hired, hrevent.Moved:
		// Only what the correction names is wrong: the rest may have
		// changed since.
		if !data.EffectiveDate.Given {
			data.EffectiveDate = original.Data.EffectiveDate
		}
	case hrevent.Absent:
		// It is about the absence as it stands, not as it was first sent.
	case hrevent.Returned:
		day := data.EffectiveDate // what it does not speak of is not moved
		data = original.Data.Merge(data)
		data.EffectiveDate = day
	default:
		data = original.Data.Merge(data)
	}
	return verb, data
}

// ofTransfer says what the correction of a notice is, and from which day. Once
// the day of the notice has come, it corrects what happened and is a move like
// any other. Before, it is about the transfer as it is planned by now.
func (h *hrEvents) ofTransfer(s person.State, original, correction hrevent.Data) (verb string, day hrevent.Field[string]) {
	day = correction.EffectiveDate
	if !day.Given {
		day = original.EffectiveDate
	}
	noticed, err := hrevent.Day(original.EffectiveDate, "effective_date", h.p.Zone)
	if err != nil || !noticed.After(h.p.Clock.Now()) {
		return hrevent.Moved, day
	}
	if !correction.EffectiveDate.Given && s.Transfer != "" {
		day.Value = s.Change.GetStartsAt().AsTime().In(h.p.Zone).Format(time.DateOnly)
	}
	return hrevent.TransferNoticed, day
}

// meaning is what the event asks of the person.
func (h *hrEvents) meaning(ctx context.Context, s person.State, newID, verb string, d hrevent.Data, e hrevent.Event, correction bool) (person.Command, error) {
	now, zone := h.p.Clock.Now(), h.p.Zone
	reason := d.Reason.Value
	if reason == "" {
		reason = e.Verb
	}
	switch verb {
	case hrevent.Hired, hrevent.Moved, hrevent.TransferNoticed:
		return h.post(ctx, s, newID, verb, d, e, reason, correction)
	case hrevent.Leaving:
		at, err := hrevent.DayAfter(d.LastDay, "last_day", zone)
		return person.Leave{At: at, LastDay: d.LastDay.Value, Reason: reason, Now: now}, err
	case hrevent.Left:
		at, err := hrevent.Day(d.EffectiveDate, "effective_date", zone)
		return person.Leave{At: at, LastDay: dayBefore(d.EffectiveDate.Value), Reason: reason, Now: now}, err
	case hrevent.Dismissed, hrevent.WalkedOut:
		return h.atOnce(d, reason)
	case hrevent.Absent:
		if correction {
			return h.absenceCorrected(d, absence(e), reason)
		}
		return h.absent(d, absence(e), reason)
	case hrevent.Returned:
		c, err := person.Return{At: now, Correction: correction, Reason: reason, Now: now}, error(nil)
		switch {
		case d.EffectiveDate.Given:
			c.At, err = hrevent.Day(d.EffectiveDate, "effective_date", zone)
		case correction:
			c.At = time.Time{}
		}
		return c, err
	case hrevent.DepartureClosed:
		open, err := h.gateOpen(ctx, e.Subject)
		return person.CloseFile{GateOpen: open, Reason: reason, Now: now}, err
	}
	return nil, ErrCorrects.With("verb", verb)
}

// post is an event that says where somebody works.
func (h *hrEvents) post(ctx context.Context, s person.State, newID, verb string, d hrevent.Data, e hrevent.Event, reason string, correction bool) (person.Command, error) {
	now := h.p.Clock.Now()
	at, err := hrevent.Day(d.EffectiveDate, "effective_date", h.p.Zone)
	if err != nil {
		return nil, err
	}
	if !hrevent.NumberFits(e.Subject) {
		return nil, hrevent.ErrInvalid.With("field", "subject")
	}
	if s.Status == person.Unknown && verb != hrevent.Hired {
		return nil, person.ErrNotEmployed
	}
	known := s.AsOf(at)
	if planned, ok := s.Noticed(); ok && verb == hrevent.TransferNoticed {
		known = planned // whatever its day by now
	}
	if s.Status == person.Expected && s.Start != nil && !known.Employed {
		known.Post = s.Start.GetPost() // a plan to start is what moves
	}
	if verb == hrevent.Hired && !correction {
		known = person.Standing{}
	}
	details, err := d.Details(known.Details, calendar.DateOf(now, h.p.Zone))
	if err != nil {
		return nil, err
	}
	post, err := d.Post(known.Post)
	if err != nil {
		return nil, err
	}
	if err := h.fits(ctx, e.Subject, s, post); err != nil {
		return nil, err
	}
	if verb == hrevent.Hired && (!correction || s.Status == person.Expected) {
		return person.TakeOn{
			PersonID: newID, Number: e.Subject, Source: e.Source, Details: details, Post: post, At: at, Reason: reason, Now: now,
		}, nil
	}
	return person.Move{Details: details, Post: post, At: at, Reason: reason, Now: now}, nil
}

// fits looks at what only others make wrong: an operator who has the number, and
// people who supervise each other in a circle.
func (h *hrEvents) fits(ctx context.Context, number string, s person.State, post *identityv1.Post) error {
	if s.Status == person.Unknown {
		a, _, err := eventstore.Load(ctx, h.p.Journal, account.Decider, account.Stream(number))
		if err != nil {
			return err
		}
		if a.Status != account.None && a.Kind != account.Directory {
			return hrfile.ErrNumberTaken
		}
	}
	if post.GetSupervisor() == "" || post.GetSupervisor() == s.Post.GetSupervisor() {
		return nil
	}
	head, err := h.p.Journal.Store.Head(ctx)
	if err != nil {
		return err
	}
	if err := h.p.Projected(ctx, head); err != nil {
		return err
	}
	circle, err := readmodel.Reports(ctx, h.p.Pool, post.GetSupervisor(), number)
	if err == nil && circle {
		return hrfile.ErrSupervisorLoop.With("supervisor", post.GetSupervisor())
	}
	return err
}

// atOnce ends the employment now, or on an earlier day that HR states
// (IDN-029).
func (h *hrEvents) atOnce(d hrevent.Data, reason string) (person.Command, error) {
	now := h.p.Clock.Now()
	at := now
	if d.EffectiveDate.Given {
		day, err := hrevent.Day(d.EffectiveDate, "effective_date", h.p.Zone)
		if err != nil {
			return nil, err
		}
		if day.Before(at) {
			at = day
		}
	}
	return person.Leave{At: at, LastDay: at.In(h.p.Zone).Format(time.DateOnly), Reason: reason, Now: now}, nil
}

// absences is fixed for ever; changing it would lose the absences that HR
// corrects.
var absences = uuid.MustParse("5c0f4d0a-1f5b-5a63-9d0e-7b8f0a9f2c47")

// absence is the id of the absence that an event tells of: that of the event
// itself, or of the one that it corrects.
func absence(e hrevent.Event) string {
	id := e.ID
	if e.Verb == hrevent.Corrected {
		id = e.Data.Corrects.Value
	}
	return "abs_" + uuid.NewSHA1(absences, []byte(e.Source+" "+id)).String()
}

func (h *hrEvents) absent(d hrevent.Data, id, reason string) (person.Command, error) {
	from, err := hrevent.Day(d.From, "from", h.p.Zone)
	if err != nil {
		return nil, err
	}
	var until time.Time
	if d.Until.Value != "" {
		if until, err = hrevent.DayAfter(d.Until, "until", h.p.Zone); err != nil {
			return nil, err
		}
	}
	return person.GoAbsent{ID: id, From: from, Until: until, Deputy: d.Deputy.Value, Reason: reason, Now: h.p.Clock.Now()}, nil
}

// absenceCorrected is what a correction names of an absence.
func (h *hrEvents) absenceCorrected(d hrevent.Data, id, reason string) (person.Command, error) {
	c := person.CorrectAbsence{ID: id, Now: h.p.Clock.Now()}
	if d.From.Given {
		from, err := hrevent.Day(d.From, "from", h.p.Zone)
		if err != nil {
			return nil, err
		}
		c.From = &from
	}
	if d.Until.Given {
		c.Until = &time.Time{} // nobody knows
	}
	if d.Until.Value != "" {
		until, err := hrevent.DayAfter(d.Until, "until", h.p.Zone)
		if err != nil {
			return nil, err
		}
		c.Until = &until
	}
	if d.Deputy.Given {
		c.Deputy = &d.Deputy.Value
	}
	if d.Reason.Given {
		c.Reason = &reason
	}
	return c, nil
}

// original is the event that a correction names: carried out, of the same
// person.
func (h *hrEvents) original(ctx context.Context, e hrevent.Event) (hrevent.Event, error) {
	found, err := h.feeds.Done(ctx, e.Source, e.Data.Corrects.Value)
	if err != nil {
		return hrevent.Event{}, err
	}
	if found == nil || found.GetSubject() != e.Subject {
		return hrevent.Event{}, ErrCorrects.With("corrects", e.Data.Corrects.Value)
	}
	original, unreadable, wrong := feed.Reread(found)
	if unreadable != nil || wrong != nil || original.Verb == hrevent.Corrected {
		return hrevent.Event{}, ErrCorrects.With("corrects", e.Data.Corrects.Value)
	}
	return original, nil
}

// gateOpen tells whether the gate of the person's last departure or transfer has
// opened.
func (h *hrEvents) gateOpen(ctx context.Context, number string) (bool, error) {
	id, err := cases.Newest(ctx, h.p.Journal, number, h.p.Clock.Now(), 1<<62)
	if err != nil || id == "" {
		return false, err
	}
	c, _, err := eventstore.Load(ctx, h.p.Journal, clearance.Decider, clearance.Stream(id))
	return c.GateOpen, err
}
