package person

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// LongestDeputy is how long one absence may be for which a deputy is named: no
// delegation is longer (APR-011). It is authority.Longest of approval.
const LongestDeputy = 366 * 24 * time.Hour

// GoAbsent says that a person is away for some days (ACR-061).
type GoAbsent struct {
	// ID is the absence. Said again it takes the place of what was said of it
	// before; other absences stay as they are.
	ID string
	// From is the first instant.
	From time.Time
	// Until is the first instant after it; zero while nobody knows.
	Until time.Time
	// Deputy is the employee number of whoever acts meanwhile, "" for nobody.
	Deputy string
	Reason string
	Now    time.Time
}

// The refusals of an absence.
var (
	// ErrAbsence says that the days contradict each other.
	ErrAbsence = fault.New(fault.Invalid, "HR_ABSENCE_INVALID",
		"An absence ends on or after its first day; correct the days.", "缺勤的结束日期不得早于开始日期，请更正。")
	// ErrOwnDeputy says that nobody stands in for themselves.
	ErrOwnDeputy = fault.New(fault.Invalid, "HR_DEPUTY_SELF",
		"Nobody is their own deputy; name somebody else or nobody.", "不得指定本人为代理人，请另选他人或不指定。")
	// ErrReturnedBefore says that a return cannot be put off once it is known.
	ErrReturnedBefore = fault.New(fault.Refused, "HR_RETURN_NOT_CORRECTED",
		"No absence lasts on that day any more, so its end cannot be moved there; send the days that are missing as an absence of their own.",
		"该日已无缺勤，返岗日期无法改至该日；请将缺少的日期作为新的缺勤发送。")
	// ErrAbsenceGone says that there is nothing left to correct.
	ErrAbsenceGone = fault.New(fault.Refused, "HR_ABSENCE_GONE",
		"This absence does not stand any more, as when its first day was the day of the return; send the days that are right as an absence of their own.",
		"该缺勤已不存在（例如返岗日期即为其首日），无法更正；请将正确的日期作为新的缺勤发送。")
	// ErrDeputyTooLong says that a deputy would act for too long.
	ErrDeputyTooLong = fault.New(fault.Invalid, "HR_ABSENCE_TOO_LONG",
		"A deputy acts for at most 366 days; send an absence of at most 366 days and another one for the rest, or name no deputy.",
		"代理期限最长 366 天；请先发送不超过 366 天的缺勤，其余时间另行发送，或不指定代理人。")
)

func (c GoAbsent) now() time.Time { return c.Now }

func (c GoAbsent) decide(s State) ([]proto.Message, error) {
	switch {
	case !s.works():
		return nil, ErrNotEmployed
	case !c.Until.IsZero() && !c.Until.After(c.From):
		return nil, ErrAbsence
	case c.Deputy == s.Number:
		return nil, ErrOwnDeputy
	case c.Deputy != "" && !c.Until.IsZero() && c.Until.Sub(c.From) > LongestDeputy:
		return nil, ErrDeputyTooLong
	}
	e := &identityv1.AbsenceRecorded{
		PersonId: s.ID, EmployeeNumber: s.Number, From: timestamppb.New(c.From), Deputy: c.Deputy, Reason: c.Reason, AbsenceId: c.ID,
	}
	if !c.Until.IsZero() {
		e.Until = timestamppb.New(c.Until)
	}
	for _, known := range s.Absences {
		if proto.Equal(known, e) {
			return nil, nil
		}
	}
	return []proto.Message{e}, nil
}

// CorrectAbsence says what was wrong about an absence as it stands by now, after
// earlier corrections and a return. What it does not name stays.
type CorrectAbsence struct {
	// ID is the absence.
	ID string
	// From and Until are as in GoAbsent; nil: unchanged.
	From, Until *time.Time
	// Deputy and Reason are nil if they are unchanged.
	Deputy, Reason *string
	Now            time.Time
}

func (c CorrectAbsence) now() time.Time { return c.Now }

func (c CorrectAbsence) decide(s State) ([]proto.Message, error) {
	i := slices.IndexFunc(s.Absences, func(a *identityv1.AbsenceRecorded) bool { return a.GetAbsenceId() == c.ID })
	switch {
	case !s.works():
		return nil, ErrNotEmployed
	case i < 0:
		return nil, ErrAbsenceGone
	}
	a := s.Absences[i]
	right := GoAbsent{ID: c.ID, From: a.GetFrom().AsTime(), Deputy: a.GetDeputy(), Reason: a.GetReason(), Now: c.Now}
	if a.GetUntil() != nil {
		right.Until = a.GetUntil().AsTime()
	}
	if c.From != nil {
		right.From = *c.From
	}
	if c.Until != nil {
		right.Until = *c.Until
	}
	if c.Deputy != nil {
		right.Deputy = *c.Deputy
	}
	if c.Reason != nil {
		right.Reason = *c.Reason
	}
	return right.decide(s)
}

// Return says that a person is back: every absence that would last at that
// instant ends then. One that begins later stays; one that begins then never
// does.
type Return struct {
	// At is the instant. Zero in a correction that does not speak of it.
	At time.Time
	// Correction says that HR had told of the return before: if the day stays as
	// it is, nothing changes.
	Correction bool
	Reason     string
	Now        time.Time
}

func (c Return) now() time.Time { return c.Now }

func (c Return) decide(s State) ([]proto.Message, error) {
	if s.Status == Unknown {
		return nil, ErrNotEmployed
	}
	if c.Correction && (c.At.IsZero() || s.returned(c.At)) {
		return nil, nil
	}
	var events []proto.Message
	for _, a := range s.Absences {
		if c.At.Before(a.GetFrom().AsTime()) || a.GetUntil() != nil && !c.At.Before(a.GetUntil().AsTime()) {
			continue // not away, or back by itself by then
		}
		events = append(events, &identityv1.AbsenceEnded{
			PersonId: s.ID, EmployeeNumber: s.Number, EffectiveAt: timestamppb.New(c.At), Reason: c.Reason, AbsenceId: a.GetAbsenceId(),
		})
	}
	if c.Correction && len(events) == 0 {
		return nil, ErrReturnedBefore
	}
	return events, nil
}

// returned tells whether a return ended an absence at that instant, as it is
// known by now.
func (s State) returned(at time.Time) bool {
	for _, end := range s.Returns {
		if end.Equal(at) {
			return true
		}
	}
	return false
}

// away are the absences after one was recorded, in its own place.
func away(all []*identityv1.AbsenceRecorded, e *identityv1.AbsenceRecorded) []*identityv1.AbsenceRecorded {
	return append(without(all, e.GetAbsenceId()), e)
}

// back are the absences after one ended, or will at an instant.
func back(all []*identityv1.AbsenceRecorded, e *identityv1.AbsenceEnded) []*identityv1.AbsenceRecorded {
	rest := without(all, e.GetAbsenceId())
	for _, a := range all {
		if a.GetAbsenceId() == e.GetAbsenceId() && a.GetAbsenceId() != "" && e.GetEffectiveAt().AsTime().After(a.GetFrom().AsTime()) {
			shorter := proto.CloneOf(a)
			shorter.Until = e.GetEffectiveAt()
			rest = append(rest, shorter)
		}
	}
	return rest
}

func without(all []*identityv1.AbsenceRecorded, id string) []*identityv1.AbsenceRecorded {
	return slices.DeleteFunc(slices.Clone(all), func(a *identityv1.AbsenceRecorded) bool { return a.GetAbsenceId() == id })
}

// CloseFile is HR's last entry about a departure (IDN-030).
type CloseFile struct {
	// GateOpen tells whether the gate of the departure had opened.
	GateOpen bool
	Reason   string
	Now      time.Time
}

func (c CloseFile) now() time.Time { return c.Now }

func (c CloseFile) decide(s State) ([]proto.Message, error) {
	if s.Status == Unknown {
		return nil, ErrNotEmployed
	}
	return []proto.Message{&identityv1.PersonnelFileClosed{
		PersonId: s.ID, EmployeeNumber: s.Number, BeforeGate: !c.GateOpen, Reason: c.Reason,
	}}, nil
}
