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

// Waiting is what is kept back until a removal is confirmed, though its time has
// come.
type Waiting struct {
	// Requests are the delayed ones, by id, in the order of their numbers.
	Requests []string
	// Grants are those whose suspension is over and that wait, by id.
	Grants []string
}

// Freed is what is looked at again when a removal is confirmed.
type Freed struct {
	Waiting
	// Birthrights tells whether one may be due that is not there: it was
	// withheld, or what was asked for stood in its place.
	Birthrights bool
}

// Waiting says what waits for a removal. Nothing waits for somebody who does not
// work here.
func (s State) Waiting() (w Waiting) {
	if !s.Employed() {
		return w
	}
	for _, r := range s.sorted(Request.begins) {
		if r.Delayed != nil {
			w.Requests = append(w.Requests, r.Requested.GetRequestId())
		}
	}
	for id, g := range s.Grants {
		if g.Suspended() && g.Awaits != nil {
			w.Grants = append(w.Grants, id)
		}
	}
	slices.Sort(w.Grants)
	return w
}

// Freed says what the removal of a grant may let through.
func (s State) Freed(grant string) Freed {
	gone := s.Grants[grant]
	if !s.Employed() || gone.Status != Removed {
		return Freed{}
	}
	return Freed{Waiting: s.Waiting(), Birthrights: len(s.Withheld) > 0 || gone.Issued.GetKind() != KindBirthright}
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
