package policy_test

import (
	"context"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"
)

// subscriber is a neighbour that decides by packs: it says what the test tells
// it to say, and takes packs in unless it is told to wait.
type subscriber struct {
	policyv1.UnimplementedPackSubscriberServiceServer

	name    string
	journal *eventstore.Journal

	mu      sync.Mutex
	asked   int
	verdict *policyv1.ValidatePackResponse
	refusal error
	gate    chan struct{} // closed: takes in
	fails   error         // instead of drawing the consequences of an activation
}

var errAway = fault.New(fault.Unavailable, "AWAY", "Away.", "不在。")

func open() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (s *subscriber) ValidatePack(context.Context, *policyv1.ValidatePackRequest) (*policyv1.ValidatePackResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.verdict, s.refusal
}

func (s *subscriber) says(v *policyv1.ValidatePackResponse, refusal error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verdict, s.refusal = v, refusal
}

func (s *subscriber) build(p *servicekit.Platform) *servicekit.Service {
	s.journal = p.Journal
	adopt := messaging.Policy{Name: "adopt", Source: "policy", On: []proto.Message{&policyv1.PackPublished{}}}
	adopt.Do = func(ctx context.Context, f eventstore.Fact) error {
		s.mu.Lock()
		gate := s.gate
		s.mu.Unlock()
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
		e := f.Message.(*policyv1.PackPublished)
		return s.record(ctx, adopt, f, s.adopted(e.GetVersion(), e.GetDigest()))
	}
	enforce := messaging.Policy{Name: "enforce", Source: "policy", On: []proto.Message{&policyv1.PackActivated{}}}
	enforce.Do = func(context.Context, eventstore.Fact) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.fails
	}
	return &servicekit.Service{
		Register: func(r grpc.ServiceRegistrar) { policyv1.RegisterPackSubscriberServiceServer(r, s) },
		Policies: []messaging.Policy{adopt, enforce},
	}
}

func (s *subscriber) adopted(version int64, digest string) proto.Message {
	switch s.name {
	case "identity":
		return &identityv1.PackAdopted{Version: version, Digest: digest}
	case "access-request":
		return &accessv1.PackAdopted{Version: version, Digest: digest}
	case "approval":
		return &approvalv1.PackAdopted{Version: version, Digest: digest}
	default:
		return &provisioningv1.PackAdopted{Version: version, Digest: digest}
	}
}

func (s *subscriber) record(ctx context.Context, p messaging.Policy, f eventstore.Fact, m proto.Message) error {
	const stream = "pack-adopted"
	d := eventstore.Decider[int, proto.Message]{
		Decide: func(_ int, m proto.Message) ([]proto.Message, error) { return []proto.Message{m}, nil },
		Evolve: func(n int, _ proto.Message) int { return n + 1 },
	}
	_, err := eventstore.Execute(ctx, s.journal, d, stream, p.Command(f, stream), messaging.CausedBy(s.name, f), m)
	return err
}
