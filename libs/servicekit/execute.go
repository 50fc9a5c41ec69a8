package servicekit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/grpckit"
)

// readYourWrites is how long a command waits for its own projections; after
// that the caller's next query waits instead.
const readYourWrites = 5 * time.Second

// Execute carries out the command of an RPC on a stream and returns when the
// service's own read models show it. The command id comes from the caller or is
// new; actor and correlation come from the credential and the command. The
// position goes back in the trailer.
func Execute[S, C any](ctx context.Context, p *Platform, d eventstore.Decider[S, C], stream string, request proto.Message, c C) (eventstore.Result, error) {
	command, meta, err := Intent(ctx, stream, request)
	if err != nil {
		return eventstore.Result{}, err
	}
	r, err := eventstore.Execute(ctx, p.Journal, d, stream, command, meta, c)
	if err != nil {
		return r, err
	}
	return r, p.Answer(ctx, r.Last)
}

// Intent is what the caller wants as the store sees it: the command with the
// digest of method, stream, actor and request, and the metadata of its events.
// Commands that touch several streams derive the ids of the later ones with
// Step.
func Intent(ctx context.Context, stream string, request proto.Message) (eventstore.Command, eventstore.Metadata, error) {
	caller, ok := authz.From(ctx)
	if !ok {
		return eventstore.Command{}, eventstore.Metadata{}, authz.ErrUnauthenticated
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return eventstore.Command{}, eventstore.Metadata{}, fmt.Errorf("encode request: %w", err)
	}
	method, _ := grpc.Method(ctx)
	id := grpckit.CommandID(ctx)
	return eventstore.Command{ID: id, Digest: eventstore.Digest(method, stream, caller.Actor(), body)},
		eventstore.Metadata{Actor: caller.Actor(), CorrelationID: id},
		nil
}

// Answer waits until the own read models show the position and puts it into
// the trailer. A position of 0, from a command that changed nothing, is left
// out.
func (p *Platform) Answer(ctx context.Context, position int64) error {
	if position == 0 {
		return nil
	}
	grpckit.SetPosition(ctx, p.Service, position)
	wait, cancel := context.WithTimeout(ctx, readYourWrites)
	defer cancel()
	if err := p.Projected(wait, position); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("wait for position %d: %w", position, err)
	}
	return nil
}
