package rpc

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/hrfeed"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// ErrNotTaken says that what is in quarantine cannot be done again.
var ErrNotTaken = fault.New(fault.Refused, "HR_EVENT_NOT_RETRIABLE",
	"This event could not be read, or its number is another's; the source must send a correct one.",
	"该事件无法读取，或其序号属于另一事件，须由数据源重新发送正确的事件。")

// GetHrFeed tells how far each source has been taken in.
func (s *Server) GetHrFeed(ctx context.Context, _ *identityv1.GetHrFeedRequest) (*identityv1.GetHrFeedResponse, error) {
	sources, err := readmodel.HrSources(ctx, s.Platform.Pool)
	if err != nil {
		return nil, err
	}
	pack, _, err := s.Packs.Current(ctx)
	if err != nil {
		return nil, err
	}
	answer := &identityv1.GetHrFeedResponse{}
	heard := map[string]bool{}
	for _, h := range sources {
		heard[h.Source] = true
		item := &identityv1.HrSource{
			Source: h.Source, NextSequence: h.Last + 1, Known: pack != nil && pack.HasSource(h.Source), Waiting: h.Waiting, Quarantined: h.Quarantined,
		}
		if h.LastAt != nil {
			item.LastAt = timestamppb.New(*h.LastAt)
		}
		if h.GapAt != nil {
			item.GapSince = timestamppb.New(*h.GapAt)
		}
		answer.Items = append(answer.Items, item)
	}
	if pack != nil {
		for _, source := range pack.Sources {
			if !heard[source.Name] {
				answer.Items = append(answer.Items, &identityv1.HrSource{Source: source.Name, NextSequence: 1, Known: true})
			}
		}
	}
	return answer, nil
}

// ListHrQuarantine lists what could not be carried out.
func (s *Server) ListHrQuarantine(ctx context.Context, r *identityv1.ListHrQuarantineRequest) (*identityv1.ListHrQuarantineResponse, error) {
	after := int64(0)
	if r.GetAfter() != "" {
		var err error
		if after, err = strconv.ParseInt(r.GetAfter(), 10, 64); err != nil {
			return nil, ErrCursor
		}
	}
	found, next, err := page(r, func(limit int) ([]readmodel.HrQuarantined, error) {
		return readmodel.HrQuarantine(ctx, s.Platform.Pool, after, limit)
	}, func(q readmodel.HrQuarantined) string { return strconv.FormatInt(q.Position, 10) })
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListHrQuarantineResponse{Next: next}
	for _, q := range found {
		answer.Items = append(answer.Items, &identityv1.QuarantinedHrEvent{
			Source: q.Source, EventId: q.EventID, Sequence: q.Sequence, Subject: q.Subject, Verb: q.Verb, Reason: q.Reason,
			Message: q.Message, MessageZh: q.MessageZH, At: timestamppb.New(q.At), Position: q.Position,
		})
	}
	return answer, nil
}

// RetryHrEvent has an event done again and tells how it went.
func (s *Server) RetryHrEvent(ctx context.Context, r *identityv1.RetryHrEventRequest) (*identityv1.RetryHrEventResponse, error) {
	q, ok, err := readmodel.HrQuarantineAt(ctx, s.Platform.Pool, r.GetPosition())
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, hrfeed.ErrNotQuarantined.With("position", strconv.FormatInt(r.GetPosition(), 10))
	case !q.Taken:
		return nil, ErrNotTaken.With("reason", q.Reason)
	}
	stream := hrfeed.Stream(q.Source)
	taken, err := s.takenEvent(ctx, stream, q.EventID)
	if err != nil {
		return nil, err
	}
	result, err := servicekit.Execute(ctx, s.Platform, hrfeed.Decider, stream, r, hrfeed.Command(hrfeed.Retry{Event: taken}))
	if err != nil {
		return nil, err
	}
	if err := s.Platform.Settled(ctx, s.Platform.Service, result.Last); err != nil {
		return nil, err
	}
	return s.retried(ctx, stream, q.EventID, result.Last)
}

func (s *Server) takenEvent(ctx context.Context, stream, id string) (found *identityv1.HrEventTaken, err error) {
	facts, err := s.Platform.Journal.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	for _, f := range facts {
		if e, ok := f.Message.(*identityv1.HrEventTaken); ok && e.GetEventId() == id {
			found = e
		}
	}
	if found == nil {
		return nil, ErrNotTaken
	}
	return found, nil
}

// retried is the outcome that follows a position.
func (s *Server) retried(ctx context.Context, stream, id string, after int64) (*identityv1.RetryHrEventResponse, error) {
	facts, err := s.Platform.Journal.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	answer := &identityv1.RetryHrEventResponse{Position: after}
	for _, f := range facts {
		if f.Position <= after {
			continue
		}
		switch e := f.Message.(type) {
		case *identityv1.HrEventApplied:
			if e.GetEventId() == id {
				answer.Applied, answer.Position = true, f.Position
			}
		case *identityv1.HrEventQuarantined:
			if e.GetEventId() == id {
				answer.Reason, answer.Message, answer.MessageZh, answer.Position = e.GetRefusal(), e.GetMessage(), e.GetMessageZh(), f.Position
			}
		}
	}
	return answer, s.Platform.Answer(ctx, answer.GetPosition())
}
