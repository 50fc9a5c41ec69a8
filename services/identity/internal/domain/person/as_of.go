package person

import (
	"time"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// Standing is how a person stands at an instant, plans included.
type Standing struct {
	// Employed tells whether the person works here then.
	Employed bool
	// Post is the post then; nil if the person does not work here.
	Post *identityv1.Post
	// Details are the details, with the kind of person then.
	Details *identityv1.PersonDetails
}

// Noticed is how the person will stand after the transfer of which HR gave
// notice; ok is false if none is ahead. What HR says of it later is about that.
func (s State) Noticed() (then Standing, ok bool) {
	if s.Transfer == "" || s.Change == nil {
		return Standing{}, false
	}
	return Standing{Employed: true, Post: s.Change.GetPost(), Details: ofKind(s.Details, s.Change.GetKind())}, true
}

// AsOf is how the person will stand at t if every plan is carried out. For an
// instant in the past it is how the person stands now: history is not compared
// with, it is corrected by what is effective from then on.
func (s State) AsOf(t time.Time) Standing {
	now := Standing{Details: s.Details}
	if s.Status == Active || s.Status == Leaving {
		now = Standing{Employed: true, Post: s.Post, Details: s.Details}
	}
	if now.Employed && s.Change != nil && !s.Change.GetStartsAt().AsTime().After(t) {
		now.Post, now.Details = s.Change.GetPost(), ofKind(s.Details, s.Change.GetKind())
	}
	end := s.EndsAt
	if s.Start != nil && !s.Start.GetStartsAt().AsTime().After(t) {
		now = Standing{Employed: true, Post: s.Start.GetPost(), Details: ofKind(s.Details, s.Start.GetKind())}
		// An end before the planned start is the end of the employment before.
		if end.Before(s.Start.GetStartsAt().AsTime()) {
			return now
		}
	}
	if !end.IsZero() && !end.After(t) {
		return Standing{Details: now.Details}
	}
	return now
}
