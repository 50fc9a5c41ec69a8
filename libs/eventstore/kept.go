package eventstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Kept carries out commands on one long stream without reading it from the
// beginning each time: it keeps the state and reads what is new. Several
// processes may do so side by side; the version decides.
type Kept[S, C any] struct {
	journal *Journal
	decider Decider[S, C]
	stream  string

	mu      sync.Mutex
	state   S
	version int64
}

// NewKept returns a Kept of a stream that it has not read yet.
func NewKept[S, C any](j *Journal, d Decider[S, C], stream string) *Kept[S, C] {
	return &Kept[S, C]{journal: j, decider: d, stream: stream}
}

// Look shows the state as of now. What it shows must not be kept: it changes in
// place once look has returned.
func (k *Kept[S, C]) Look(ctx context.Context, look func(S)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.catchUp(ctx); err != nil {
		return err
	}
	look(k.state)
	return nil
}

// Execute is eventstore.Execute on the stream.
func (k *Kept[S, C]) Execute(ctx context.Context, command Command, meta Metadata, c C) (Result, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r, done, err := k.journal.Store.Lookup(ctx, command); err != nil || done {
		return r, err
	}
	for range attempts {
		if err := k.catchUp(ctx); err != nil {
			return Result{}, err
		}
		messages, err := k.decider.Decide(k.state, c)
		if err != nil {
			return Result{}, err
		}
		if len(messages) == 0 {
			return Result{Version: k.version}, nil
		}
		a := Append{Stream: k.stream, ExpectedVersion: k.version, Command: command, Metadata: meta}
		for _, m := range messages {
			e, err := k.journal.Encode(ctx, m)
			if err != nil {
				return Result{}, err
			}
			a.Events = append(a.Events, e)
		}
		r, err := k.journal.Store.Append(ctx, a)
		if errors.Is(err, ErrConflict) {
			continue
		}
		return r, err
	}
	return Result{}, ErrConflict.With("stream", k.stream)
}

// catchUp folds what has been written since.
func (k *Kept[S, C]) catchUp(ctx context.Context) error {
	const page = 1000
	for {
		rs, err := k.journal.Store.ReadStream(ctx, k.stream, k.version, page)
		if err != nil {
			return fmt.Errorf("read %s: %w", k.stream, err)
		}
		for _, r := range rs {
			f, err := k.journal.Decode(ctx, r)
			if err != nil {
				return err
			}
			if f.Message == nil {
				return fmt.Errorf("fold %s: this binary does not know %s at %d; use a newer one", k.stream, f.Type, f.Position)
			}
			k.state, k.version = k.decider.Evolve(k.state, f.Message), r.Version
		}
		if len(rs) < page {
			return nil
		}
	}
}
