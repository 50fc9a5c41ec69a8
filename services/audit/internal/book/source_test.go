package book

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// source is a service's Feed.
type source struct {
	runtimev1.RuntimeServiceClient
	events []*envelopev1.Envelope
}

// hires records one more person: per_1 with the number E1 first.
func (s *source) hires() { s.registers(fmt.Sprintf("E%d", len(s.events)+1)) }

func (s *source) registers(number string) {
	n := int64(len(s.events) + 1)
	m := &identityv1.PersonRegistered{PersonId: fmt.Sprintf("per_%d", n), EmployeeNumber: number}
	data, _ := proto.Marshal(m) // it never fails on a message that was just made
	r := eventstore.Recorded{
		Position: n, Stream: "person-" + m.GetPersonId(), Version: 1, Type: string(m.ProtoReflect().Descriptor().FullName()), Data: data,
	}
	s.events = append(s.events, r.Envelope("identity"))
}

func (s *source) Feed(_ context.Context, r *runtimev1.FeedRequest, _ ...grpc.CallOption) (*runtimev1.FeedResponse, error) {
	answer := &runtimev1.FeedResponse{Head: int64(len(s.events))}
	for _, e := range s.events {
		if e.GetPosition() > r.GetAfter() && len(answer.Events) < int(r.GetLimit()) {
			answer.Events = append(answer.Events, e)
		}
	}
	return answer, nil
}
