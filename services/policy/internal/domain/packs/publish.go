package packs

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Publish makes a pack known that every service found valid.
type Publish struct {
	Version int64
	// Last is the last version that was published, 0 for none.
	Last        int64
	Digest      string
	EffectiveAt time.Time
	Body        []byte
	// Subscribers must take it in before it can hold.
	Subscribers []string
	// Foreseen is what it will do to grants.
	Foreseen Foreseen
	// Confirm is the digest that somebody has confirmed, "" if nobody has.
	Confirm string
}

// Foreseen is what a pack will do to the birthrights that are held.
type Foreseen struct{ Given, Taken, Held int32 }

// MaxBody is the largest pack. An event takes 512 KiB; the pack travels in three
// of them, with room for what stands beside it.
const MaxBody = 384 << 10

// The refusals of a publication.
var (
	ErrTooLarge = fault.New(fault.Invalid, "PACK_TOO_LARGE",
		"The pack is larger than a pack may be; shorten it, for example by conditions in place of single lines of the matrix.",
		"策略包超过允许的大小，请缩短，例如用条件代替岗位矩阵中的逐行列举。")
	ErrVersionNotNext = fault.New(fault.Refused, "PACK_VERSION_NOT_NEXT",
		"The version must be the last one plus one; set it to the number given as next and look at what has been published since.",
		"版本号必须是上一版本加一，请改为 next 所示的数字，并查看其间发布的内容。")
	ErrConfirmsAnother = fault.New(fault.Refused, "PACK_CONFIRMS_ANOTHER",
		"The digest that you confirm is not that of this pack; look at the difference again and confirm the digest shown there.",
		"所确认的摘要不是此策略包的摘要，请重新查看差异并确认其中显示的摘要。")
)

func (c Publish) decide(s State) ([]proto.Message, error) {
	switch {
	case len(c.Body) > MaxBody:
		return nil, TooLarge(len(c.Body))
	case s.Published != nil && s.Published.GetDigest() == c.Digest:
		return nil, nil
	case s.Published != nil:
		return nil, notNext(c.Version, max(c.Last, c.Version))
	case c.Version != c.Last+1:
		return nil, notNext(c.Version, c.Last)
	case c.Confirm != "" && c.Confirm != c.Digest:
		return nil, ErrConfirmsAnother.With("digest", c.Digest).With("confirm", c.Confirm)
	case c.Foreseen.TakesMany() && !c.confirmed(s):
		return c.hold(s), nil
	}
	return []proto.Message{&policyv1.PackPublished{
		Version: c.Version, Digest: c.Digest, EffectiveAt: timestamppb.New(c.EffectiveAt), Body: c.Body, Subscribers: c.Subscribers,
		GrantsGiven: c.Foreseen.Given, GrantsTaken: c.Foreseen.Taken, Confirmed: c.Confirm != "",
	}}, nil
}

// confirmed tells whether somebody who was shown that the pack takes so many, or
// more, has confirmed it.
func (c Publish) confirmed(s State) bool {
	return c.Confirm == c.Digest && s.Held.GetDigest() == c.Digest && c.Foreseen.Taken <= s.Held.GetGrantsTaken()
}

func (c Publish) hold(s State) []proto.Message {
	held := &policyv1.PackHeld{
		Version: c.Version, Digest: c.Digest,
		GrantsGiven: c.Foreseen.Given, GrantsTaken: c.Foreseen.Taken, GrantsHeld: c.Foreseen.Held,
	}
	if proto.Equal(s.Held, held) {
		return nil
	}
	return []proto.Message{held}
}

// TakesMany tells whether the pack takes more than a tenth of what is held.
func (f Foreseen) TakesMany() bool { return 10*int64(f.Taken) > int64(f.Held) }

// TooLarge refuses a body of so many bytes.
func TooLarge(bytes int) error {
	return ErrTooLarge.With("bytes", strconv.Itoa(bytes)).With("limit", strconv.Itoa(MaxBody))
}

func notNext(version, last int64) error {
	return ErrVersionNotNext.With("version", strconv.FormatInt(version, 10)).With("next", strconv.FormatInt(last+1, 10))
}
