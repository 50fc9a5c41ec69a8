package rpc

import (
	"context"
	"fmt"
	"slices"
	"time"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/services/audit/internal/book"
)

const (
	historyPage = 500
	maxWait     = 20 * time.Second
)

// ReadHistory returns the events of a person or a stream over all services
// (AUD-002, AUD-017).
func (s *Server) ReadHistory(ctx context.Context, r *auditv1.ReadHistoryRequest) (*auditv1.ReadHistoryResponse, error) {
	if (r.GetEmployeeNumber() == "") == (r.GetStream() == "") {
		return nil, ErrSelector
	}
	limit := historyPage
	if l := int(r.GetLimit()); l > 0 {
		limit = min(l, historyPage)
	}
	if r.GetWaitMs() == 0 {
		s.current(ctx)
	}
	places, err := s.find(ctx, r, limit)
	if err != nil {
		return nil, err
	}
	events, err := s.read(ctx, places)
	if err != nil {
		return nil, err
	}
	next := r.GetAfter()
	if len(places) > 0 {
		next = places[len(places)-1].Seq
	}
	return &auditv1.ReadHistoryResponse{Events: events, Next: next}, nil
}

// find looks in the book, and waits for something new if the caller allows it.
func (s *Server) find(ctx context.Context, r *auditv1.ReadHistoryRequest, limit int) ([]book.Place, error) {
	wait, cancel := context.WithTimeout(ctx, min(time.Duration(r.GetWaitMs())*time.Millisecond, maxWait))
	defer cancel()
	for {
		changed := s.book.Changed()
		places, err := s.lookUp(ctx, r, limit)
		if err != nil || len(places) > 0 {
			return places, err
		}
		select {
		case <-changed:
		case <-wait.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Server) lookUp(ctx context.Context, r *auditv1.ReadHistoryRequest, limit int) ([]book.Place, error) {
	if r.GetStream() != "" {
		return s.book.OfStream(ctx, r.GetStream(), r.GetAfter(), limit)
	}
	person, err := s.book.Person(ctx, r.GetEmployeeNumber())
	if err != nil {
		return nil, err
	}
	if person == "" {
		return nil, ErrPersonUnknown.With("employee_number", r.GetEmployeeNumber())
	}
	return s.book.OfPerson(ctx, person, r.GetAfter(), limit)
}

// read asks each owner for its events and puts them into the order of the
// places. An event that is in the ledger and not at its owner any more is
// shown as gone: history is never silently shorter.
func (s *Server) read(ctx context.Context, places []book.Place) ([]*runtimev1.HistoryEvent, error) {
	positions := map[string][]int64{}
	for _, p := range places {
		positions[p.Service] = append(positions[p.Service], p.Position)
	}
	found := map[string]map[int64]*runtimev1.HistoryEvent{}
	for service, list := range positions {
		slices.Sort(list)
		var err error
		if found[service], err = s.from(ctx, service, list); err != nil {
			return nil, err
		}
	}
	events := make([]*runtimev1.HistoryEvent, 0, len(places))
	for _, p := range places {
		e, ok := found[p.Service][p.Position]
		if !ok {
			e = &runtimev1.HistoryEvent{Service: p.Service, Position: p.Position, Type: typeGone, DataJson: "{}"}
		}
		events = append(events, e)
	}
	return events, nil
}

// from reads events of one service, in ascending order of their positions, in
// as many answers as they need.
func (s *Server) from(ctx context.Context, service string, positions []int64) (map[int64]*runtimev1.HistoryEvent, error) {
	client, ok := s.sources[service]
	if !ok {
		return nil, fmt.Errorf("history names the unknown service %s", service)
	}
	found := map[int64]*runtimev1.HistoryEvent{}
	for len(positions) > 0 {
		r, err := client.ReadHistory(ctx, &runtimev1.ReadHistoryRequest{Service: service, Positions: positions, Limit: int32(len(positions))})
		if err != nil {
			return nil, err
		}
		if len(r.GetEvents()) == 0 {
			break
		}
		for _, e := range r.GetEvents() {
			found[e.GetPosition()] = e
		}
		last := r.GetEvents()[len(r.GetEvents())-1].GetPosition()
		next, _ := slices.BinarySearch(positions, last+1)
		positions = positions[next:]
	}
	return found, nil
}
