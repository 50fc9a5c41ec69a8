package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
)

// Realign aligns the birthrights with another pack, or with the same one when a
// removal has let through what was withheld. The post stays.
type Realign struct {
	// PostPosition is the identity position of the post that the birthrights
	// were derived for. If another post has been noted since, they say nothing;
	// whoever noted it looks at the pack again.
	PostPosition int64
	// Pack is what they were derived by.
	Pack Pack
	// Birthrights are what the pack gives to the post.
	Birthrights []Birthright
	// Duties are the pack's rules about what nobody holds together.
	Duties []DutyRule
	// Freed is when a removal was confirmed that is the reason; zero: the pack is.
	Freed time.Time
}

func (c Realign) decide(s State) ([]proto.Message, error) {
	switch {
	case !s.Employed(),
		s.Post.GetSourcePosition() != c.PostPosition,
		c.Pack.Version < s.PackVersion: // rules that are no longer in force
		return nil, nil
	}
	// Nobody has a right of the post before they have the post.
	at, reason := later(c.Pack.EffectiveAt, s.Post.GetEffectiveAt().AsTime()), ReasonMatrix
	if !c.Freed.IsZero() {
		at, reason = later(at, c.Freed), ReasonRemoval
	}
	return s.taking(s.align(change{post: s.Post, pack: c.Pack, due: c.Birthrights, duties: c.Duties, reason: reason, at: at})), nil
}
