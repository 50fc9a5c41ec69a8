package person

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// GoAbsent says that a person is away for some days (ACR-061).
type GoAbsent struct {
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
	}
	e := &identityv1.AbsenceRecorded{
		PersonId: s.ID, EmployeeNumber: s.Number, From: timestamppb.New(c.From), Deputy: c.Deputy, Reason: c.Reason,
	}
	if !c.Until.IsZero() {
		e.Until = timestamppb.New(c.Until)
	}
	if proto.Equal(s.Absence, e) {
		return nil, nil
	}
	return []proto.Message{e}, nil
}

// Return says that a person is back.
type Return struct {
	At     time.Time
	Reason string
	Now    time.Time
}

func (c Return) now() time.Time { return c.Now }

func (c Return) decide(s State) ([]proto.Message, error) {
	switch a := s.Absence; {
	case s.Status == Unknown:
		return nil, ErrNotEmployed
	case a == nil, a.GetUntil() != nil && !c.At.Before(a.GetUntil().AsTime()):
		return nil, nil // not away, or back by itself by then
	}
	return []proto.Message{&identityv1.AbsenceEnded{
		PersonId: s.ID, EmployeeNumber: s.Number, EffectiveAt: timestamppb.New(c.At), Reason: c.Reason,
	}}, nil
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
