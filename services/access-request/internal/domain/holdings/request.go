package holdings

import (
	"slices"
	"strings"
	"time"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// RequestStatus is how far one request is.
type RequestStatus uint8

// The states of a request.
const (
	Pending   RequestStatus = iota + 1 // signatures are gathered
	Postponed                          // the signers decide later
	Approved                           // signed; the grant is there, or begins on its day
	Refused
	Returned
	Withdrawn
	Fulfilled // the grant is there, read back
)

// Request is what was asked for the person.
type Request struct {
	// Requested is the request as it was recorded.
	Requested *accessv1.AccessRequested
	Status    RequestStatus
	// Case is where it is signed.
	Case string
	// BeginsAt is when the grant of an approved request begins; zero once it is
	// issued.
	BeginsAt time.Time
	// Delayed is what it waits for although its time has come; nil: nothing.
	Delayed *accessv1.AccessRequestDelayed
}

// Open tells whether signatures are still awaited.
func (r Request) Open() bool { return r.Status == Pending || r.Status == Postponed }

// coming tells whether a right may still come of the request.
func (r Request) coming() bool { return r.Open() || r.begins() }

// begins tells whether the right is decided and begins on a later day.
func (r Request) begins() bool { return r.Status == Approved && !r.BeginsAt.IsZero() }

func (r Request) role() string { return key(r.Requested.GetApplication(), r.Requested.GetRole()) }

// Offer is what the catalogue says of a role at the moment of a decision.
type Offer struct {
	Application, Role string
	// TitleZH and Title are "application: role" as people read it.
	TitleZH, Title string
	Level          string
	Privileged     bool
	// Owner is the employee number of the owner of the application, "" if nobody
	// is named.
	Owner string
	// Target is where the application lives.
	Target string
	// Latest is the last instant that a grant may have that begins when this one
	// does (CFG-16).
	Latest time.Time
}

// kind is what a grant of the role is called.
func (o Offer) kind() string {
	if o.Privileged {
		return KindPrivileged
	}
	return KindStandard
}

// Kinds of a grant that was asked for.
const (
	KindStandard   = "standard"
	KindPrivileged = "privileged" // the right of an administrator (ACR-028)
)

// sorted are the requests in the order of their numbers.
func (s State) sorted(which func(Request) bool) []Request {
	var found []Request
	for _, r := range s.Requests {
		if which(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b Request) int {
		return strings.Compare(a.Requested.GetNumber()+a.Requested.GetRequestId(), b.Requested.GetNumber()+b.Requested.GetRequestId())
	})
	return found
}

// conflict finds what a duty rule keeps apart from a role: a right that is held,
// or one of a request that counts.
func (s State) conflict(duties []DutyRule, role string, counts func(Request) bool) (duty, other string) {
	has := map[string]bool{}
	for _, g := range s.live() {
		has[key(g.Issued.GetApplication(), g.Issued.GetRole())] = true
	}
	for _, r := range s.Requests {
		if counts(r) {
			has[r.role()] = true
		}
	}
	delete(has, role)
	return forbids(duties, role, has)
}

// holds returns the live grant of a role.
func (s State) holds(role string) (Grant, bool) {
	for _, g := range s.live() {
		if key(g.Issued.GetApplication(), g.Issued.GetRole()) == role {
			return g, true
		}
	}
	return Grant{}, false
}

// Asked is the request that is signed in a case; ok is false if it is none of
// this person's.
func (s State) Asked(caseID string) (q *accessv1.AccessRequested, ok bool) {
	r, ok := s.ofCase(caseID)
	return r.Requested, ok
}
