package rpc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
	"github.com/ostiary/ostiary/services/policy/internal/readmodel"
)

// publishing says that a pack is on its way to some service.
const publishing = "publishing"

// reserve is what remains of the caller's time to give the answer.
const reserve = 2 * time.Second

// await returns when the pack holds everywhere, when only its time is missing,
// or when the wait is over; then the reply says what is missing.
func (s *Server) await(ctx context.Context, reply *policyv1.ApplyPackResponse) error {
	wait := s.PublishWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = max(0, min(wait, time.Until(deadline)-reserve))
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	missing, err := s.awaitActivation(waiting, reply)
	if err == nil && reply.GetState() == readmodel.Active {
		missing, err = s.awaitEffect(waiting, reply.GetPosition())
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return err
	case len(missing) > 0 || reply.GetState() == "":
		reply.State = publishing
		reply.Warnings = append(reply.Warnings, missing...)
	}
	return nil
}

// awaitActivation waits until every service has taken the pack in and its time
// has come, or only that is missing.
func (s *Server) awaitActivation(ctx context.Context, reply *policyv1.ApplyPackResponse) ([]*policyv1.PackProblem, error) {
	stream := packs.Stream(reply.GetVersion())
	for {
		// What is appended after the head was read ends the wait below.
		head, err := s.Platform.Journal.Store.Head(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		state, last, err := s.load(context.WithoutCancel(ctx), stream)
		if err != nil {
			return nil, err
		}
		reply.Position, reply.CorrelationId = last.Position, last.CorrelationID
		switch {
		case state.Activated:
			reply.State = readmodel.Active
			return nil, nil
		case state.Scheduled(s.Platform.Clock.Now()):
			reply.State = readmodel.Scheduled
			return nil, nil
		}
		if err := s.Platform.Journal.Store.Wait(ctx, head); err != nil {
			var missing []*policyv1.PackProblem
			for _, service := range state.Missing() {
				missing = append(missing, away(service, "has not taken the pack in yet", "尚未接收该策略包"))
			}
			return missing, err
		}
	}
}

// load folds a version and returns its last event.
func (s *Server) load(ctx context.Context, stream string) (state packs.State, last eventstore.Fact, err error) {
	facts, err := s.Platform.Journal.Stream(ctx, stream)
	if err != nil {
		return packs.State{}, eventstore.Fact{}, err
	}
	for _, f := range facts {
		state, last = packs.Evolve(state, f.Message), f
	}
	return state, last, nil
}

// awaitEffect waits until every service has drawn the consequences of the
// activation; in access-request that is the realignment of everybody.
func (s *Server) awaitEffect(ctx context.Context, activated int64) ([]*policyv1.PackProblem, error) {
	var mu sync.Mutex
	var missing []*policyv1.PackProblem
	var failure error
	var all sync.WaitGroup
	for _, service := range s.Subscribers {
		all.Go(func() {
			problem, err := s.drawn(ctx, service, activated)
			mu.Lock()
			defer mu.Unlock()
			if problem != nil {
				missing = append(missing, problem)
			}
			failure = errors.Join(failure, err)
		})
	}
	all.Wait()
	return missing, failure
}

// drawn asks one service, again while it is busy, until ctx ends.
func (s *Server) drawn(ctx context.Context, service string, activated int64) (*policyv1.PackProblem, error) {
	asked := metadata.AppendToOutgoingContext(ctx, grpckit.HeaderNotBefore, grpckit.FormatPosition(s.Platform.Service, activated))
	client := runtimev1.NewRuntimeServiceClient(s.Platform.Dial(service))
	for {
		answer, err := client.GetStatus(asked, &runtimev1.GetStatusRequest{Service: service, WithoutDigests: true})
		switch {
		case err == nil && parked(answer, s.Platform.Service):
			return away(service, "could not process the pack; see 'ostiary inbox list'", "无法处理该策略包，请查看 ostiary inbox list"), nil
		case err == nil:
			return nil, nil
		case ctx.Err() == nil && !busy(err):
			return nil, fmt.Errorf("ask %s whether the pack holds: %w", service, err)
		}
		select {
		case <-ctx.Done():
			return away(service, "is still drawing the consequences", "仍在处理其后果"), nil
		case <-time.After(100 * time.Millisecond): // the machine's clock: a pause between questions
		}
	}
}

func parked(answer *runtimev1.GetStatusResponse, source string) bool {
	for _, inbox := range answer.GetInbox() {
		if inbox.GetSource() == source && inbox.GetParked() > 0 {
			return true
		}
	}
	return false
}

func busy(err error) bool {
	if f, ok := fault.Of(err); ok {
		return f.Kind == fault.Unavailable
	}
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

func away(service, en, zh string) *policyv1.PackProblem {
	return &policyv1.PackProblem{Service: service, Message: service + " " + en, MessageZh: service + zh}
}
