package authority

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// CoverAbsence lets whom HR names sign while a person is away (ACR-061). Said
// again of the same absence it takes the place of what was said before. Other
// absences keep their deputies; the same deputy may stand in for several.
type CoverAbsence struct {
	// ID is the delegation, one for each absence.
	ID string
	Of *approvalv1.Party
	// Named is the employee number that HR names, "" for nobody.
	Named string
	// Deputy is whose number that is; nil if nobody of that number works here.
	Deputy *approvalv1.Party
	From   time.Time
	// Until is the first instant after it; zero while nobody knows: then the
	// deputy signs from now, or from a later beginning, for as long as a delegation
	// may hold.
	Until time.Time
	Now   time.Time
	// Others are the delegations of everybody.
	Others []Delegation
}

// ErrNobody says that the deputy does not work here, or no longer.
var ErrNobody = fault.New(fault.NotFound, "DEPUTY_NOT_FOUND",
	"Nobody who works here has this employee number; check it.", "没有该工号的在职人员，请核对。")

func (c CoverAbsence) decide(s State) ([]proto.Message, error) {
	var events []proto.Message
	before, known := s.Delegations[c.ID]
	after, reason := c.delegation(before)
	if known && before == after {
		return nil, nil
	}
	if known {
		events = append(events, &approvalv1.DeputyEnded{
			PersonId: c.Of.GetPersonId(), EmployeeNumber: c.Of.GetEmployeeNumber(), DelegationId: c.ID, Reason: ReasonCorrected,
		})
	}
	if c.Named == "" || !after.Until.After(c.Now) {
		return events, nil // nobody is to sign, or not any more
	}
	if why := c.refused(after); why != nil {
		return append(events, &approvalv1.DeputyPassedOver{
			PersonId: c.Of.GetPersonId(), EmployeeNumber: c.Of.GetEmployeeNumber(), DelegationId: c.ID, Deputy: c.Named,
			From: timestamppb.New(after.From), Until: timestamppb.New(after.Until), Refusal: why.Reason, Message: why.Message, MessageZh: why.MessageZH,
		}), nil
	}
	return append(events, &approvalv1.DeputyNamed{
		PersonId: c.Of.GetPersonId(), EmployeeNumber: c.Of.GetEmployeeNumber(), DelegationId: c.ID, Deputy: c.Deputy,
		From: timestamppb.New(after.From), Until: timestamppb.New(after.Until), Reason: reason,
	}), nil
}

// delegation is that of the absence, and why it is made. That of an absence
// without an end stays as it was while it holds.
func (c CoverAbsence) delegation(before Delegation) (d Delegation, reason string) {
	d = Delegation{Of: c.Of.GetPersonId(), To: c.Deputy.GetPersonId(), From: c.From, Until: c.Until}
	if !c.Until.IsZero() {
		return d, ReasonAbsence
	}
	if c.Now.After(d.From) {
		d.From = c.Now
	}
	if before.To == d.To && before.Until.Equal(before.From.Add(Longest)) && !before.From.Before(c.From) && before.holds(c.Now) {
		d.From = before.From
	}
	d.Until = d.From.Add(Longest)
	return d, ReasonOpenAbsence
}

// Elapse is said when the longest time of a deputy is over whose absence has no
// end: it is recorded that nobody signs for the person from now.
type Elapse struct {
	ID  string
	Now time.Time
}

func (c Elapse) decide(s State) ([]proto.Message, error) {
	d, known := s.Delegations[c.ID]
	if !known || c.Now.Before(d.Until) {
		return nil, nil
	}
	return []proto.Message{&approvalv1.DeputyEnded{
		PersonId: s.Person.GetPersonId(), EmployeeNumber: s.Person.GetEmployeeNumber(), DelegationId: c.ID, Reason: ReasonElapsed,
	}}, nil
}

// refused says why a delegation must not be; nil if it may.
func (c CoverAbsence) refused(d Delegation) *fault.Fault {
	switch {
	case c.Deputy == nil:
		return ErrNobody
	case d.Of == d.To:
		return ErrOwnDeputy
	case !d.Until.After(d.From), d.Until.Sub(d.From) > Longest:
		return ErrTime
	case d.closesCircle(c.Others):
		return ErrCircle
	}
	return nil
}
