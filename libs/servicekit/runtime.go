package servicekit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"
)

const (
	defaultPage = 500
	maxPage     = 2000
	// maxPageBytes keeps an answer below the size limit of a message.
	maxPageBytes = 8 << 20
	// maxWait is how long a question may be held.
	maxWait = 20 * time.Second
)

// The refusals of the runtime service.
var (
	ErrWrongService = fault.New(fault.NotFound, "SERVICE_UNKNOWN",
		"There is no such service here.", "此处没有该服务。")
	ErrNoProjection = fault.New(fault.NotFound, "PROJECTION_UNKNOWN",
		"The service has no such read model; see 'ostiary status --json'.", "该服务没有此读模型，请查看 ostiary status --json。")
	ErrNoInbox = fault.New(fault.NotFound, "SOURCE_UNKNOWN",
		"The service reads no such source.", "该服务不接收此来源。")
)

// runtimeServer answers for a unit what every service answers about itself.
type runtimeServer struct {
	runtimev1.UnsafeRuntimeServiceServer
	unit *unit
}

var _ runtimev1.RuntimeServiceServer = (*runtimeServer)(nil)

func registerRuntime(r grpc.ServiceRegistrar, u *unit) {
	runtimev1.RegisterRuntimeServiceServer(r, &runtimeServer{unit: u})
}

func (s *runtimeServer) check(service string) error {
	if service != s.unit.definition.Name {
		return ErrWrongService.With("service", service)
	}
	return nil
}

// Feed returns stored events as they are; personal fields stay sealed.
func (s *runtimeServer) Feed(ctx context.Context, r *runtimev1.FeedRequest) (*runtimev1.FeedResponse, error) {
	if err := s.check(r.GetService()); err != nil {
		return nil, err
	}
	if r.GetWaitMs() > 0 {
		wait, cancel := context.WithTimeout(ctx, min(time.Duration(r.GetWaitMs())*time.Millisecond, maxWait))
		err := s.unit.store.Wait(wait, r.GetAfter())
		cancel()
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
	// The head comes first: what is written between the two looks is in the page,
	// or is not spoken of.
	head, err := s.unit.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	events, err := s.unit.store.ReadAll(ctx, r.GetAfter(), page(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	if n := len(events); n > 0 {
		head = max(head, events[n-1].Position)
	}
	response := &runtimev1.FeedResponse{Head: head}
	for size, i := 0, 0; i < len(events) && (i == 0 || size+len(events[i].Data) < maxPageBytes); i++ {
		size += len(events[i].Data)
		response.Events = append(response.Events, events[i].Envelope(s.unit.definition.Name))
	}
	return response, nil
}

// ReadHistory returns events decoded, as many as fit into an answer. Personal fields are opened for those who
// may read them: this method admits nobody else.
func (s *runtimeServer) ReadHistory(ctx context.Context, r *runtimev1.ReadHistoryRequest) (*runtimev1.ReadHistoryResponse, error) {
	if err := s.check(r.GetService()); err != nil {
		return nil, err
	}
	events, err := s.selectEvents(ctx, r)
	if err != nil {
		return nil, err
	}
	head, err := s.unit.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	response := &runtimev1.ReadHistoryResponse{Head: head}
	size := 0
	for i, e := range events {
		h, err := s.unit.show(ctx, e)
		if err != nil {
			return nil, err
		}
		if size += len(h.GetDataJson()); i > 0 && size > maxPageBytes {
			break // the caller goes on behind the last one
		}
		response.Events = append(response.Events, h)
	}
	return response, nil
}

func (s *runtimeServer) selectEvents(ctx context.Context, r *runtimev1.ReadHistoryRequest) ([]eventstore.Recorded, error) {
	limit := page(r.GetLimit())
	switch {
	case len(r.GetPositions()) > 0:
		var events []eventstore.Recorded
		for _, position := range r.GetPositions()[:min(len(r.GetPositions()), limit)] {
			found, err := s.unit.store.ReadAll(ctx, position-1, 1)
			if err != nil {
				return nil, err
			}
			if len(found) == 1 && found[0].Position == position {
				events = append(events, found[0])
			}
		}
		return events, nil
	case r.GetStream() != "":
		return s.unit.store.ReadStream(ctx, r.GetStream(), r.GetAfter(), limit)
	default:
		return s.unit.store.ReadAll(ctx, r.GetAfter(), limit)
	}
}

// show decodes an event for a reader.
func (u *unit) show(ctx context.Context, e eventstore.Recorded) (*runtimev1.HistoryEvent, error) {
	h := &runtimev1.HistoryEvent{
		Service: u.definition.Name, Position: e.Position, Stream: e.Stream, Version: e.Version, Type: e.Type,
		RecordedAt: timestamppb.New(e.RecordedAt), EffectiveAt: timestamppb.New(e.EffectiveAt),
		Actor: e.Actor, OnBehalfOf: e.OnBehalfOf, CorrelationId: e.CorrelationID,
		PolicyDigest: e.PolicyDigest, Rule: e.Rule, EventId: e.EventID, CommandId: e.CommandID, DataJson: "{}",
	}
	if e.Causation != nil {
		h.Causation = &envelopev1.Cause{Service: e.Causation.Service, Position: e.Causation.Position}
	}
	f, err := u.platform.Journal.Decode(ctx, e)
	if err != nil {
		return nil, err
	}
	if f.Message != nil {
		b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(f.Message)
		if err != nil {
			return nil, fmt.Errorf("show %s at %d: %w", e.Type, e.Position, err)
		}
		h.DataJson = string(b)
	}
	return h, nil
}

// GetStatus tells how the service is.
func (s *runtimeServer) GetStatus(ctx context.Context, r *runtimev1.GetStatusRequest) (*runtimev1.GetStatusResponse, error) {
	if err := s.check(r.GetService()); err != nil {
		return nil, err
	}
	u := s.unit
	head, err := u.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	causes := u.causes()
	response := &runtimev1.GetStatusResponse{
		Service: u.definition.Name, Ready: len(causes) == 0, Causes: causes,
		Position: head, Events: head, Relayed: u.relay.Position(), Clock: timestamppb.New(u.platform.Clock.Now()),
	}
	for _, source := range slices.Sorted(maps.Keys(u.intakes)) {
		inbox := u.intakes[source]
		response.Inbox = append(response.Inbox, &runtimev1.InboxStatus{Source: source, Position: inbox.Position(), Parked: int32(inbox.Parked())})
	}
	if response.Parked, err = s.following(ctx, r.GetCorrelationId()); err != nil {
		return nil, err
	}
	if !seesHealth(ctx) {
		return withoutHealth(response), nil
	}
	look := u.projections.Status
	if r.GetWithoutDigests() {
		look = u.projections.Positions
	}
	status, err := look(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range status {
		response.Projections = append(response.Projections, &runtimev1.ProjectionStatus{Name: p.Name, Position: p.Position, Digest: p.Digest})
	}
	return response, nil
}

// seesHealth tells whether the caller runs the installation, or watches over
// those who do.
func seesHealth(ctx context.Context) bool {
	caller, _ := authz.From(ctx)
	return caller.Service != "" || slices.ContainsFunc([]string{"admin", "operator", "access-admin", "hr", "auditor"}, caller.Is)
}

// withoutHealth leaves of a status what somebody needs who waits for the
// consequences of a change.
func withoutHealth(r *runtimev1.GetStatusResponse) *runtimev1.GetStatusResponse {
	r.Causes, r.Inbox = nil, nil
	for _, p := range r.GetParked() {
		p.Stream, p.Type, p.Error = "", "", ""
	}
	return r
}

// following lists what is parked of all that follows from a first cause.
func (s *runtimeServer) following(ctx context.Context, correlation string) ([]*runtimev1.ParkedEvent, error) {
	if correlation == "" {
		return nil, nil
	}
	var following []*runtimev1.ParkedEvent
	for _, source := range slices.Sorted(maps.Keys(s.unit.inboxes)) {
		inbox := s.unit.inboxes[source]
		if inbox.Parked() == 0 {
			continue
		}
		parked, err := inbox.ListOf(ctx, correlation)
		if err != nil {
			return nil, err
		}
		following = append(following, shownParked(source, parked)...)
	}
	return following, nil
}

func shownParked(source string, parked []messaging.ParkedEvent) []*runtimev1.ParkedEvent {
	var shown []*runtimev1.ParkedEvent
	for _, p := range parked {
		shown = append(shown, &runtimev1.ParkedEvent{
			Source: source, Position: p.Position, Stream: p.Stream, Type: p.Type, Error: p.Error, ParkedAt: timestamppb.New(p.ParkedAt),
		})
	}
	return shown
}

// ListParked lists what could not be processed.
func (s *runtimeServer) ListParked(ctx context.Context, r *runtimev1.ListParkedRequest) (*runtimev1.ListParkedResponse, error) {
	inboxes, err := s.inboxes(r.GetService(), r.GetSource())
	if err != nil {
		return nil, err
	}
	response := &runtimev1.ListParkedResponse{}
	for _, source := range inboxes {
		parked, err := s.unit.inboxes[source].List(ctx)
		if err != nil {
			return nil, err
		}
		response.Parked = append(response.Parked, shownParked(source, parked)...)
	}
	return response, nil
}

// RetryParked re-drives in order.
func (s *runtimeServer) RetryParked(ctx context.Context, r *runtimev1.RetryParkedRequest) (*runtimev1.RetryParkedResponse, error) {
	inboxes, err := s.inboxes(r.GetService(), r.GetSource())
	if err != nil {
		return nil, err
	}
	response := &runtimev1.RetryParkedResponse{}
	for _, source := range inboxes {
		processed, remaining, err := s.unit.inboxes[source].Retry(ctx, r.GetStream())
		if err != nil {
			return nil, err
		}
		response.Processed += int32(processed)
		response.Parked += int32(remaining)
	}
	caller, _ := authz.From(ctx)
	s.unit.platform.Log.InfoContext(ctx, "parked events retried", "actor", caller.Actor(), "processed", response.GetProcessed(), "parked", response.GetParked())
	return response, nil
}

func (s *runtimeServer) inboxes(service, source string) ([]string, error) {
	if err := s.check(service); err != nil {
		return nil, err
	}
	if source == "" {
		return slices.Sorted(maps.Keys(s.unit.inboxes)), nil
	}
	if _, ok := s.unit.inboxes[source]; !ok {
		return nil, ErrNoInbox.With("source", source)
	}
	return []string{source}, nil
}

// RebuildProjection builds a read model anew.
func (s *runtimeServer) RebuildProjection(ctx context.Context, r *runtimev1.RebuildProjectionRequest) (*runtimev1.RebuildProjectionResponse, error) {
	if err := s.check(r.GetService()); err != nil {
		return nil, err
	}
	status, err := s.unit.projections.Status(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range status {
		if p.Name != r.GetProjection() {
			continue
		}
		if err := s.unit.projections.Rebuild(ctx, p.Name); err != nil {
			return nil, err
		}
		digest, position, err := s.unit.projections.Digest(ctx, p.Name)
		if err != nil {
			return nil, err
		}
		return &runtimev1.RebuildProjectionResponse{Projection: &runtimev1.ProjectionStatus{Name: p.Name, Position: position, Digest: digest}}, nil
	}
	return nil, ErrNoProjection.With("projection", r.GetProjection())
}

func page(limit int32) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(int(limit), maxPage)
}

var errNoConnection = errors.New("no connection to the service")
