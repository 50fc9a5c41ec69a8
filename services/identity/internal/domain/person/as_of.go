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
}

// AsOf is how the person will stand at t if every plan is carried out. For an
// instant in the past it is how the person stands now: history is not compared
// with, it is corrected by what is effective from then on.
func (s State) AsOf(t time.Time) Standing {
	var now Standing
	if s.Status == Active || s.Status == Leaving {
		now = Standing{Employed: true, Post: s.Post}
	}
	if now.Employed && s.Change != nil && !s.Change.GetStartsAt().AsTime().After(t) {
		now.Post = s.Change.GetPost()
	}
	end := s.EndsAt
	if s.Start != nil && !s.Start.GetStartsAt().AsTime().After(t) {
		now = Standing{Employed: true, Post: s.Start.GetPost()}
		// An end before the planned start is the end of the employment before.
		if end.Before(s.Start.GetStartsAt().AsTime()) {
			return now
		}
	}
	if !end.IsZero() && !end.After(t) {
		return Standing{}
	}
	return now
}
