package eventstore

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Decider is the whole behaviour of one kind of stream, as two pure functions.
// The zero value of S is the state of a stream without events.
type Decider[S, C any] struct {
	// Decide returns what happens when the command meets the state: events, a
	// refusal, or neither when there is nothing to do.
	Decide func(S, C) ([]proto.Message, error)
	// Evolve returns the state after an event. It never refuses and does not
	// change the state that it is given.
	Evolve func(S, proto.Message) S
}

// attempts is how often Execute decides again after a lost race.
const attempts = 8

// Load folds a stream and returns its state and version.
func Load[S, C any](ctx context.Context, j *Journal, d Decider[S, C], stream string) (S, int64, error) {
	var s S
	facts, err := j.Stream(ctx, stream)
	if err != nil {
		return s, 0, err
	}
	for _, f := range facts {
		if f.Message == nil {
			return s, 0, fmt.Errorf("fold %s: this binary does not know %s at %d; use a newer one", stream, f.Type, f.Position)
		}
		s = d.Evolve(s, f.Message)
	}
	return s, int64(len(facts)), nil
}

// Execute carries out a command on a stream: read, fold, decide, append at the
// version read. A command that was carried out before returns its first
// result. A decision without events returns a zero Last with Version set to
// what was read.
func Execute[S, C any](ctx context.Context, j *Journal, d Decider[S, C], stream string, command Command, meta Metadata, c C) (Result, error) {
	if r, done, err := j.Store.Lookup(ctx, command); err != nil || done {
		return r, err
	}
	for range attempts {
		s, version, err := Load(ctx, j, d, stream)
		if err != nil {
			return Result{}, err
		}
		messages, err := d.Decide(s, c)
		if err != nil {
			return Result{}, err
		}
		if len(messages) == 0 {
			return Result{Version: version}, nil
		}
		a := Append{Stream: stream, ExpectedVersion: version, Command: command, Metadata: meta}
		for _, m := range messages {
			e, err := j.Encode(ctx, m)
			if err != nil {
				return Result{}, err
			}
			a.Events = append(a.Events, e)
		}
		r, err := j.Store.Append(ctx, a)
		if errors.Is(err, ErrConflict) {
			continue
		}
		return r, err
	}
	return Result{}, ErrConflict.With("stream", stream)
}
