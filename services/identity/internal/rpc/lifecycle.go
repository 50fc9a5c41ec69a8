package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/clock"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
	"github.com/ostiary/ostiary/services/identity/internal/outfeed"
)

// longestWait bounds how long a reader of the feed is held.
const longestWait = time.Minute

// ReadLifecycle reads the feed of account and grant changes. It is open to
// everybody in its admission rule only because the token of a client is no
// access token: whoever shows neither is refused here.
func (s *Server) ReadLifecycle(ctx context.Context, r *identityv1.ReadLifecycleRequest) (*identityv1.ReadLifecycleResponse, error) {
	if err := s.mayReadLifecycle(ctx); err != nil {
		return nil, err
	}
	limit := defaultPage
	if r.GetLimit() > 0 {
		limit = min(int(r.GetLimit()), maxPage)
	}
	machine := clock.System{}
	until := machine.Now().Add(min(max(r.GetWait().AsDuration(), 0), longestWait))
	for {
		entries, err := s.Lifecycle.Read(ctx, r.GetAfter(), limit)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 || !machine.Now().Before(until) {
			return lifecycle(entries, r.GetAfter())
		}
		wait, cancel := context.WithDeadline(ctx, until)
		err = s.Lifecycle.Wait(wait, r.GetAfter())
		cancel()
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
}

func lifecycle(entries []outfeed.Entry, after int64) (*identityv1.ReadLifecycleResponse, error) {
	answer := &identityv1.ReadLifecycleResponse{Next: after}
	for _, e := range entries {
		body, err := e.CloudEvent(outfeed.Lifecycle)
		if err != nil {
			return nil, err
		}
		var fields map[string]any
		if err := json.Unmarshal(body, &fields); err != nil {
			return nil, fmt.Errorf("read entry %d: %w", e.Sequence, err)
		}
		event, err := structpb.NewStruct(fields)
		if err != nil {
			return nil, fmt.Errorf("show entry %d: %w", e.Sequence, err)
		}
		answer.Events, answer.Next = append(answer.Events, event), e.Sequence
	}
	return answer, nil
}

func (s *Server) mayReadLifecycle(ctx context.Context) error {
	if caller, ok := authz.From(ctx); ok {
		if caller.Is(account.Auditor) || caller.Is(account.Admin) {
			return nil
		}
		return authz.ErrForbidden
	}
	md, _ := metadata.FromIncomingContext(ctx)
	for _, v := range md.Get("authorization") {
		scheme, token, _ := strings.Cut(v, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if c, ok := s.Credentials.ClientOf(ctx, s.Platform.Journal, strings.TrimSpace(token)); ok && c.Feed == client.Lifecycle {
			return nil
		}
	}
	return authz.ErrUnauthenticated
}
