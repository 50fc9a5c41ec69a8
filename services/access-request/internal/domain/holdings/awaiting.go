package holdings

import (
	"slices"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// awaits finds what a duty rule keeps apart from a role and is being taken away:
// the target may still show it, so it counts until its removal is confirmed
// (ACR-030).
func (s State) awaits(duties []DutyRule, role string) (duty, other string) {
	going := map[string]bool{}
	for _, g := range s.Grants {
		if g.Status == Revoking {
			going[g.role()] = true
		}
	}
	return forbids(duties, role, going)
}

// Freed is what is looked at again when a removal is confirmed.
type Freed struct {
	// Requests are the delayed ones, by id, in the order of their numbers.
	Requests []string
	// Grants are those whose suspension is over and that wait, by id.
	Grants []string
	// Birthrights tells whether one may be due that is not there: it was
	// withheld, or what was asked for stood in its place.
	Birthrights bool
}

// Freed says what the removal of a grant may let through. Nothing waits for
// somebody who does not work here.
func (s State) Freed(grant string) (f Freed) {
	gone := s.Grants[grant]
	if !s.Employed() || gone.Status != Removed {
		return f
	}
	for _, r := range s.sorted(Request.begins) {
		if r.Delayed != nil {
			f.Requests = append(f.Requests, r.Requested.GetRequestId())
		}
	}
	for id, g := range s.Grants {
		if g.Suspended() && g.Awaits != nil {
			f.Grants = append(f.Grants, id)
		}
	}
	slices.Sort(f.Grants)
	f.Birthrights = len(s.Withheld) > 0 || gone.Issued.GetKind() != KindBirthright
	return f
}

// delay tells whether a signed request waits until something is gone, and says
// so unless that is on record.
func (s State) delay(r Request, duties []DutyRule) (e *accessv1.AccessRequestDelayed, waits bool) {
	duty, other := s.awaits(duties, r.role())
	if other == "" {
		return nil, false
	}
	if r.Delayed.GetRule() == duty && r.Delayed.GetHeld() == other {
		return nil, true
	}
	q := r.Requested
	return &accessv1.AccessRequestDelayed{
		PersonId: q.GetPersonId(), EmployeeNumber: q.GetEmployeeNumber(), RequestId: q.GetRequestId(), Application: q.GetApplication(),
		Role: q.GetRole(), Rule: duty, Held: other, ValidUntil: q.GetValidUntil(),
	}, true
}
