package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// KindBirthright is the kind of a grant that follows from the post alone.
const KindBirthright = "birthright"

// Why a right is given or taken.
const (
	ReasonEmployment = "employment" // the person began to work here
	ReasonTransfer   = "transfer"   // position or unit changed
	ReasonAttribute  = "attribute"  // an attribute or the kind of person changed
	ReasonMatrix     = "matrix"     // the pack changed
	ReasonRemoval    = "removal"    // what stood in the way is gone
	ReasonLeaver     = "leaver"     // employment ended
)

// Pack names the rules by which birthrights were derived. The zero value says
// that there are none yet.
type Pack struct {
	// Version is the version of the pack.
	Version int64
	// EffectiveAt is from when it holds.
	EffectiveAt time.Time
}

// Birthright is a role that the pack gives to the post.
type Birthright struct {
	Application string
	Role        string
	// Rule is the row of the matrix, for example "matrix[3]".
	Rule string
	// Target is where the application lives.
	Target string
	// GrantID is the id that the grant will have if it is issued.
	GrantID string
}

// change is what led to an alignment.
type change struct {
	post   *accessv1.PostNoted
	pack   Pack
	due    []Birthright
	duties []DutyRule
	reason string
	at     time.Time
}

// align compares what is due with what is held. Only birthrights are touched: a
// right that was asked for does not follow from the post alone. What a duty rule
// keeps apart from a role that is being taken away, also by this, waits.
func (s State) align(c change) []proto.Message {
	given, back := s.apart(c)
	due := map[string]Birthright{}
	for _, b := range given {
		due[key(b.Application, b.Role)] = b
	}
	var events []proto.Message
	after, held := s, map[string]bool{}
	for _, g := range s.live() {
		k := key(g.Issued.GetApplication(), g.Issued.GetRole())
		// A role that moved to another target is another right there. One that is
		// suspended stays where it is: a new one would not be.
		if b, ok := due[k]; g.Issued.GetKind() != KindBirthright || ok && (b.Target == g.Issued.GetTarget() || g.Suspended()) {
			held[k] = true
			continue
		}
		e := revoked(g, c.reason, g.Issued.GetRule(), c.pack.Version, c.at)
		events, after = append(events, e), Evolve(after, e)
	}
	for _, b := range given {
		k := key(b.Application, b.Role)
		if held[k] {
			continue
		}
		if duty, other := after.awaits(c.duties, k); other != "" {
			back = append(back, withheld{Birthright: b, duty: duty, held: other, removing: true})
			continue
		}
		events = append(events, &accessv1.GrantIssued{
			PersonId: c.post.GetPersonId(), EmployeeNumber: c.post.GetEmployeeNumber(), GrantId: b.GrantID,
			Account: c.post.GetEmployeeNumber(), Application: b.Application, Role: b.Role, Kind: KindBirthright,
			EffectiveAt: timestamppb.New(c.at), Reason: c.reason, Rule: b.Rule, Target: b.Target, PackVersion: c.pack.Version,
		})
	}
	return append(events, s.keepBack(c, back)...)
}

// revoked ends a grant at an instant, but not before it began.
func revoked(of Grant, reason, rule string, pack int64, at time.Time) *accessv1.GrantRevoked {
	g := of.Issued
	return &accessv1.GrantRevoked{
		PersonId: g.GetPersonId(), EmployeeNumber: g.GetEmployeeNumber(), GrantId: g.GetGrantId(), Account: g.GetAccount(),
		Application: g.GetApplication(), Role: g.GetRole(), Reason: reason, Rule: rule, Target: g.GetTarget(),
		EffectiveAt: timestamppb.New(later(at, g.GetEffectiveAt().AsTime())), PackVersion: pack,
		Turn: of.endingTurn(),
	}
}
