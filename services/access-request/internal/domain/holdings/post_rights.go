package holdings

import (
	"slices"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// Transfer is a change of post whose clearance waits until nothing is left of
// the post before.
type Transfer struct {
	// Case is the clearance case in identity.
	Case string
	// Position is the position of identity's event.
	Position int64
	// Derived tells whether the birthrights of the new post were derived since.
	// Before that nobody knows what is taken away.
	Derived bool
	// Grants are what was being removed by then.
	Grants []string
}

// transferred returns the holdings after a post was noted. Who leaves, or comes
// back, is cleared by the departure.
func (s State) transferred(e *accessv1.PostNoted) State {
	switch {
	case !e.GetEmployed():
		s.Transfers = nil
	case e.GetCaseId() != "":
		s.Transfers = append(slices.Clone(s.Transfers), Transfer{Case: e.GetCaseId(), Position: e.GetSourcePosition()})
	}
	return s
}

// derived returns the holdings after it was said what a transfer takes away.
func (s State) derived(e *accessv1.PostRightsRevoked) State {
	s.Transfers = slices.Clone(s.Transfers)
	for i, t := range s.Transfers {
		if t.Case == e.GetCaseId() {
			s.Transfers[i].Derived, s.Transfers[i].Grants = true, e.GetGrantIds()
		}
	}
	return s
}

// over returns the holdings without a transfer of which nothing is left.
func (s State) over(id string) State {
	s.Transfers = slices.DeleteFunc(slices.Clone(s.Transfers), func(t Transfer) bool { return t.Case == id })
	return s
}

// taking adds to what derives the birthrights of a post what the transfers that
// led there take away: everything that is being removed at that moment, for
// whatever reason, since none of it belongs to the new post.
func (s State) taking(events []proto.Message) []proto.Message {
	for _, e := range events {
		s = Evolve(s, e)
	}
	removing := s.removing()
	for _, t := range s.Transfers {
		switch {
		case t.Derived:
		case len(removing) == 0:
			events = append(events, s.rightsCleared(t))
		default:
			events = append(events, &accessv1.PostRightsRevoked{
				PersonId: s.Post.GetPersonId(), EmployeeNumber: s.Post.GetEmployeeNumber(), CaseId: t.Case, PostChanged: t.Position,
				GrantIds: removing,
			})
		}
	}
	return events
}

// taken adds to the confirmation of a removal which transfers have nothing left
// with it.
func (s State) taken(events []proto.Message) []proto.Message {
	if len(s.Transfers) == 0 {
		return events
	}
	for _, e := range events {
		s = Evolve(s, e)
	}
	left := func(id string) bool { return s.Grants[id].Status != Removed }
	for _, t := range s.Transfers {
		if t.Derived && !slices.ContainsFunc(t.Grants, left) {
			events = append(events, s.rightsCleared(t))
		}
	}
	return events
}

// removing are the grants whose removal is not confirmed yet, by id.
func (s State) removing() []string {
	var ids []string
	for id, g := range s.Grants {
		if g.Status == Revoking {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s State) rightsCleared(t Transfer) *accessv1.PostRightsCleared {
	return &accessv1.PostRightsCleared{
		PersonId: s.Post.GetPersonId(), EmployeeNumber: s.Post.GetEmployeeNumber(), CaseId: t.Case, PostChanged: t.Position,
		Grants: int32(len(t.Grants)),
	}
}
