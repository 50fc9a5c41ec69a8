package holdings

import (
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// Status is how far one grant is.
type Status uint8

// The states of a grant.
const (
	Issued Status = iota + 1
	Active
	Revoking
	Removed
	Suspending // suspended; the target may still show the right
	Suspended  // suspended; the target was read back and the right is gone
)

// Grant is one right of the person.
type Grant struct {
	// Issued is the decision as it was recorded.
	Issued *accessv1.GrantIssued
	// Status is how far it is.
	Status Status
	// NoticedUntil is the end of which notice was given; zero: none.
	NoticedUntil time.Time
	// Turn counts the suspensions and reinstatements, and the end if there were
	// any, so that a confirmation is known to be of the last decision.
	Turn int32
	// SuspendedUntil is when a suspended grant is reinstated by itself; zero: when
	// somebody does.
	SuspendedUntil time.Time
	// Awaits is what it waits for although its suspension is over; nil: nothing.
	Awaits *accessv1.GrantReinstatementWithheld
}

// State is what the person holds and held.
type State struct {
	// Post is what identity last said; nil if it never spoke of the person.
	Post *accessv1.PostNoted
	// Grants are all grants that were ever issued, by id. Neither the map nor
	// what it holds is changed once it is in a state.
	Grants map[string]Grant
	// Withheld is what duty rules keep from the person, by "application/role",
	// as recorded since the post was noted. It is never changed once it is in a
	// state.
	Withheld map[string]*accessv1.BirthrightWithheld
	// Requests are all requests for the person, by id. The map is never changed
	// once it is in a state.
	Requests map[string]Request
	// Transfers are those that wait until nothing is left of the post before, in
	// order. The slice is never changed once it is in a state.
	Transfers []Transfer
	// PackVersion is the newest pack by which anything was decided here.
	PackVersion int64
}

// Command is one of NotePost, NoteDeparture, Realign, ConfirmActive,
// ConfirmRemoved, SubmitRequest, WithdrawRequest, RecordOutcome, BeginGrant,
// SuspendGrant, ReinstateGrant, EndSuspension, NoticeExpiry and Expire.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Decide says what happens when the command meets the holdings.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the holdings after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *accessv1.PostNoted:
		s.Post, s.Withheld = e, nil
		return s.transferred(e)
	case *accessv1.PostRightsRevoked:
		return s.derived(e)
	case *accessv1.PostRightsCleared:
		return s.over(e.GetCaseId())
	case *accessv1.GrantIssued:
		s.PackVersion = max(s.PackVersion, e.GetPackVersion())
		s = s.released(e).request(e.GetRequestId(), func(r *Request) { r.BeginsAt, r.Delayed = time.Time{}, nil })
		return s.with(e.GetGrantId(), Grant{Issued: e, Status: Issued})
	case *accessv1.BirthrightWithheld:
		s.PackVersion = max(s.PackVersion, e.GetPackVersion())
		s.Withheld = maps.Clone(s.Withheld)
		if s.Withheld == nil {
			s.Withheld = map[string]*accessv1.BirthrightWithheld{}
		}
		s.Withheld[key(e.GetApplication(), e.GetRole())] = e
	case *accessv1.WithheldBirthrightLapsed:
		s.PackVersion = max(s.PackVersion, e.GetPackVersion())
		return s.released(e)
	case *accessv1.GrantActivated:
		return s.move(e.GetGrantId(), Active)
	case *accessv1.GrantRevoked:
		s.PackVersion = max(s.PackVersion, e.GetPackVersion())
		return s.turn(e.GetGrantId(), Revoking, e.GetTurn(), nil)
	case *accessv1.GrantExpired:
		return s.turn(e.GetGrantId(), Revoking, e.GetTurn(), nil)
	case *accessv1.GrantSuspended:
		return s.turn(e.GetGrantId(), Suspending, e.GetTurn(), e.GetUntil())
	case *accessv1.GrantSuspensionConfirmed:
		return s.move(e.GetGrantId(), Suspended)
	case *accessv1.GrantReinstated:
		return s.turn(e.GetGrantId(), Issued, e.GetTurn(), nil)
	case *accessv1.GrantReinstatementWithheld:
		return s.keptDown(e)
	case *accessv1.GrantRemovalConfirmed:
		return s.move(e.GetGrantId(), Removed)
	case *accessv1.GrantRenewed:
		s = s.request(e.GetRequestId(), func(r *Request) { r.Status = Fulfilled })
		return s.with(e.GetGrantId(), s.Grants[e.GetGrantId()].renewed(e.GetValidUntil()))
	case *accessv1.GrantExpiryNoticed:
		g := s.Grants[e.GetGrantId()]
		g.NoticedUntil = e.GetValidUntil().AsTime()
		return s.with(e.GetGrantId(), g)
	}
	return s.asked(event)
}

// asked returns the holdings after an event about a request.
func (s State) asked(event proto.Message) State {
	switch e := event.(type) {
	case *accessv1.AccessRequested:
		s.PackVersion = max(s.PackVersion, e.GetPackVersion())
		s.Requests = maps.Clone(s.Requests)
		if s.Requests == nil {
			s.Requests = map[string]Request{}
		}
		s.Requests[e.GetRequestId()] = Request{Requested: e, Status: Pending}
	case *accessv1.AccessApprovalRequired:
		return s.request(e.GetRequestId(), func(r *Request) { r.Case = e.GetAsk().GetCaseId() })
	case *accessv1.AccessRequestApproved:
		return s.request(e.GetRequestId(), func(r *Request) {
			r.Status = Approved
			if e.GetBeginsAt() != nil {
				r.BeginsAt = e.GetBeginsAt().AsTime()
			}
		})
	case *accessv1.AccessRequestDelayed:
		return s.request(e.GetRequestId(), func(r *Request) { r.Delayed = e })
	case *accessv1.AccessRequestRefused:
		return s.request(e.GetRequestId(), func(r *Request) { r.Status = Refused })
	case *accessv1.AccessRequestReturned:
		return s.request(e.GetRequestId(), func(r *Request) { r.Status = Returned })
	case *accessv1.AccessRequestPostponed:
		return s.request(e.GetRequestId(), func(r *Request) { r.Status = Postponed })
	case *accessv1.AccessRequestWithdrawn:
		return s.request(e.GetRequestId(), func(r *Request) { r.Status = Withdrawn })
	case *accessv1.AccessRequestFulfilled:
		return s.request(e.GetRequestId(), func(r *Request) { r.Status = Fulfilled })
	}
	return s
}

// request returns the holdings with one request changed.
func (s State) request(id string, change func(*Request)) State {
	r, ok := s.Requests[id]
	if !ok {
		return s
	}
	change(&r)
	s.Requests = maps.Clone(s.Requests)
	s.Requests[id] = r
	return s
}

// Stream is the name of a person's holdings.
func Stream(person string) string { return "holdings-" + person }

// Live tells whether the grant goes on. The person has the right, or is to have
// it back: what is suspended counts, for it can come back.
func (g Grant) Live() bool { return g.Status == Issued || g.Status == Active || g.Suspended() }

// Suspended tells whether the person is not to have the right for a while.
func (g Grant) Suspended() bool { return g.Status == Suspending || g.Status == Suspended }

// endingTurn is the turn in which the grant ends. What was never suspended has
// one life, as it always had.
func (g Grant) endingTurn() int32 {
	if g.Turn == 0 {
		return 0
	}
	return g.Turn + 1
}

// Employed tells whether the person works here.
func (s State) Employed() bool { return s.Post.GetEmployed() }

// live returns the grants that go on, by application and role.
func (s State) live() []Grant {
	var live []Grant
	for _, g := range s.Grants {
		if g.Live() {
			live = append(live, g)
		}
	}
	slices.SortFunc(live, func(a, b Grant) int {
		return strings.Compare(key(a.Issued.GetApplication(), a.Issued.GetRole()), key(b.Issued.GetApplication(), b.Issued.GetRole()))
	})
	return live
}

// empty tells whether every grant is removed, apart from the given one.
func (s State) empty(except string) bool {
	for id, g := range s.Grants {
		if g.Status != Removed && id != except {
			return false
		}
	}
	return true
}

// newer tells whether identity said this after what is noted.
func (s State) newer(position int64) bool {
	return s.Post == nil || position > s.Post.GetSourcePosition()
}

func (s State) with(id string, g Grant) State {
	grants := maps.Clone(s.Grants)
	if grants == nil {
		grants = map[string]Grant{}
	}
	grants[id] = g
	s.Grants = grants
	return s
}

// released returns the holdings with a role that is kept back no longer.
func (s State) released(e interface {
	GetApplication() string
	GetRole() string
}) State {
	s.Withheld = maps.Clone(s.Withheld)
	delete(s.Withheld, key(e.GetApplication(), e.GetRole()))
	return s
}

func (s State) move(id string, to Status) State {
	g := s.Grants[id]
	g.Status = to
	return s.with(id, g)
}

// turn returns the holdings with one grant moved to another turn.
func (s State) turn(id string, to Status, turn int32, until *timestamppb.Timestamp) State {
	g := s.Grants[id]
	g.Status, g.Turn, g.SuspendedUntil, g.Awaits = to, turn, time.Time{}, nil
	if until != nil {
		g.SuspendedUntil = until.AsTime()
	}
	return s.with(id, g)
}

func key(application, role string) string { return application + "/" + role }

// later returns the later of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
