package packs

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
)

// State is one version of the pack.
type State struct {
	// Held is why the pack waits for a confirmation; nil if it never did.
	Held *policyv1.PackHeld
	// Published is the pack; nil until it is published.
	Published *policyv1.PackPublished
	// Acknowledged are the services that have taken it in. The map is never
	// changed.
	Acknowledged map[string]bool
	// Activated says that it holds or held.
	Activated bool
}

// Active is the pack that holds while another one is decided about. The zero
// value says that none does.
type Active struct {
	Version     int64
	EffectiveAt time.Time
}

// Command is one of Publish, Acknowledge and Activate.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Decide says what happens when the command meets the pack.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the pack after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *policyv1.PackHeld:
		s.Held = e
	case *policyv1.PackPublished:
		s.Published = e
	case *policyv1.PackAcknowledged:
		s.Acknowledged = maps.Clone(s.Acknowledged)
		if s.Acknowledged == nil {
			s.Acknowledged = map[string]bool{}
		}
		s.Acknowledged[e.GetService()] = true
	case *policyv1.PackActivated:
		s.Activated = true
	}
	return s
}

// Stream is where a version is.
func Stream(version int64) string { return "pack-" + strconv.FormatInt(version, 10) }

// Missing are the services that have not taken the pack in, in the order in
// which they were asked.
func (s State) Missing() []string {
	return slices.DeleteFunc(slices.Clone(s.Published.GetSubscribers()), func(service string) bool { return s.Acknowledged[service] })
}

// Scheduled tells whether only time is missing.
func (s State) Scheduled(now time.Time) bool {
	return s.Published != nil && !s.Activated && len(s.Missing()) == 0 && s.Published.GetEffectiveAt().AsTime().After(now)
}

// activation returns the event that makes the pack hold, if nothing stands
// against it.
func (s State) activation(active Active, now time.Time) []proto.Message {
	p := s.Published
	from := p.GetEffectiveAt().AsTime()
	switch {
	case p == nil, s.Activated, len(s.Missing()) > 0,
		from.After(now),
		p.GetVersion() <= active.Version: // a later version was faster
		return nil
	case !from.After(active.EffectiveAt):
		from = now
	}
	return []proto.Message{&policyv1.PackActivated{Version: p.GetVersion(), Digest: p.GetDigest(), EffectiveAt: timestamppb.New(from)}}
}
