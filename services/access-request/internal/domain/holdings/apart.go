package holdings

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// DutyRule names roles of which nobody may hold two (ACR-030).
type DutyRule struct {
	// ID is its name in the pack.
	ID string
	// Apart are the roles, each "application/role".
	Apart []string
}

// withheld is a birthright that is not given, and why.
type withheld struct {
	Birthright
	duty string
	held string
	// removing tells whether what is held is being taken away already.
	removing bool
}

// apart leaves out of what is due whatever a duty rule keeps apart from a role
// that was asked for and approved, or from one that stands before it in the
// matrix. What the post gave before does not count, nor does what is being taken
// away: the same post and pack give the same rights in the end, whichever way
// somebody came to them. Only when each of them is given depends on what is
// still there.
func (s State) apart(c change) (given []Birthright, back []withheld) {
	has := map[string]bool{}
	for _, g := range s.live() {
		if g.Issued.GetKind() != KindBirthright {
			has[key(g.Issued.GetApplication(), g.Issued.GetRole())] = true
		}
	}
	looked := map[string]bool{}
	for _, b := range c.due {
		k := key(b.Application, b.Role)
		if looked[k] {
			continue // the first rule that gives it counts
		}
		looked[k] = true
		if duty, held := forbids(c.duties, k, has); held != "" && !has[k] {
			back = append(back, withheld{Birthright: b, duty: duty, held: held})
			continue
		}
		has[k] = true
		given = append(given, b)
	}
	return given, back
}

// forbids finds the first rule that keeps a role apart from one that the person
// has.
func forbids(duties []DutyRule, role string, has map[string]bool) (duty, held string) {
	for _, d := range duties {
		concerned, other := false, ""
		for _, r := range d.Apart {
			switch {
			case r == role:
				concerned = true
			case has[r] && other == "":
				other = r
			}
		}
		if concerned && other != "" {
			return d.ID, other
		}
	}
	return "", ""
}

// keepBack records what is withheld, unless it is on record for this post and
// pack, and what the pack gives to nobody of this post any more.
func (s State) keepBack(c change, back []withheld) []proto.Message {
	events := s.lapsed(c)
	for _, w := range back {
		e := &accessv1.BirthrightWithheld{
			PersonId: c.post.GetPersonId(), EmployeeNumber: c.post.GetEmployeeNumber(), Application: w.Application, Role: w.Role,
			Rule: w.duty, MatrixLine: w.Rule, Held: w.held, Reason: c.reason, EffectiveAt: timestamppb.New(c.at), PackVersion: c.pack.Version,
			Removing: w.removing,
		}
		known := s.Withheld[key(w.Application, w.Role)]
		if c.post == s.Post && known.GetRule() == w.duty && known.GetHeld() == w.held && known.GetRemoving() == w.removing &&
			known.GetPackVersion() == c.pack.Version {
			continue
		}
		events = append(events, e)
	}
	return events
}

// lapsed are the roles that were kept back for this post and that are not due
// now. Another post begins anew, so nothing of the earlier one lapses.
func (s State) lapsed(c change) []proto.Message {
	if c.post != s.Post {
		return nil
	}
	due := map[string]bool{}
	for _, b := range c.due {
		due[key(b.Application, b.Role)] = true
	}
	var events []proto.Message
	for _, role := range slices.Sorted(maps.Keys(s.Withheld)) {
		if w := s.Withheld[role]; !due[role] {
			events = append(events, &accessv1.WithheldBirthrightLapsed{
				PersonId: w.GetPersonId(), EmployeeNumber: w.GetEmployeeNumber(), Application: w.GetApplication(), Role: w.GetRole(),
				Rule: w.GetRule(), EffectiveAt: timestamppb.New(c.at), PackVersion: c.pack.Version,
			})
		}
	}
	return events
}
