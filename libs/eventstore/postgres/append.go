package postgres

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// request is an append on its way through the appender.
type request struct {
	ctx     context.Context
	append  eventstore.Append
	command uuid.UUID
	size    int // bytes, roughly
	answer  chan answer
}

type answer struct {
	result eventstore.Result
	err    error
}

// Append implements eventstore.Store. When ctx ends early, the append may have
// been written or may yet be; Lookup or a repetition with the same command id
// tells.
func (s *Store) Append(ctx context.Context, a eventstore.Append) (eventstore.Result, error) {
	if err := a.Validate(); err != nil {
		return eventstore.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return eventstore.Result{}, err
	}
	r := &request{ctx: ctx, append: a, command: uuid.MustParse(a.Command.ID), answer: make(chan answer, 1)}
	for _, e := range a.Events {
		r.size += len(e.Data) + len(a.Stream) + 512
	}
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return eventstore.Result{}, ctx.Err()
	case <-s.ctx.Done():
		return eventstore.Result{}, ErrClosed
	}
	select {
	case got := <-r.answer:
		return got.result, got.err
	case <-ctx.Done():
		return eventstore.Result{}, ctx.Err()
	case <-s.ended:
		// The appender may have answered as its last deed.
		select {
		case got := <-r.answer:
			return got.result, got.err
		default:
			return eventstore.Result{}, ErrClosed
		}
	}
}

// The verdicts of es.append.
const (
	moved    = 1
	repeated = 2
	reused   = 3
)

// refused turns a row of es.append into the answer to its append.
func (r *request) refused(v verdict) answer {
	switch v.kind {
	case repeated:
		return answer{result: eventstore.Result{First: v.first, Last: v.last, Version: v.version, Replayed: true}}
	case reused:
		return answer{err: eventstore.ErrCommandReused.With("command_id", r.append.Command.ID)}
	default:
		return answer{err: eventstore.ErrConflict.With("stream", r.append.Stream).With("version", strconv.FormatInt(v.version, 10))}
	}
}
