package packs

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Acknowledge says that a service has taken the pack in. The last one that was
// missing lets it hold, if its time has come.
type Acknowledge struct {
	Digest  string
	Service string
	// Active is the pack that holds now.
	Active Active
	Now    time.Time
}

// ErrUnknown says that a service took in what was never published.
var ErrUnknown = fault.New(fault.NotFound, "PACK_UNKNOWN",
	"There is no such pack; see which versions there are with 'ostiary policy show'.",
	"没有此策略包，请用 ostiary policy show 查看现有版本。")

func (c Acknowledge) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Published.GetDigest() != c.Digest:
		return nil, ErrUnknown.With("digest", c.Digest).With("service", c.Service)
	case s.Acknowledged[c.Service], !slices.Contains(s.Published.GetSubscribers(), c.Service):
		return nil, nil
	}
	acknowledged := &policyv1.PackAcknowledged{Version: s.Published.GetVersion(), Digest: c.Digest, Service: c.Service}
	return append([]proto.Message{acknowledged}, Evolve(s, acknowledged).activation(c.Active, c.Now)...), nil
}
