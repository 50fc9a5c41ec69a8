package projection_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// history is a log of events in memory. Unlike a real store it can be
// damaged.
type history struct {
	eventstore.Store // what projections do not use is absent
	mu               sync.Mutex
	events           []eventstore.Recorded
	changed          chan struct{}
}

func newHistory() *history { return &history{changed: make(chan struct{})} }

func (h *history) add(t testing.TB, messages ...proto.Message) (head int64) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range messages {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		h.events = append(h.events, eventstore.Recorded{
			Position: int64(len(h.events)) + 1, Type: string(m.ProtoReflect().Descriptor().FullName()), Data: data,
			RecordedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		})
	}
	close(h.changed)
	h.changed = make(chan struct{})
	return int64(len(h.events))
}

// lose removes the event at a position, as nobody should be able to.
func (h *history) lose(position int64) (restore func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := slices.Clone(h.events)
	h.events = slices.DeleteFunc(h.events, func(e eventstore.Recorded) bool { return e.Position == position })
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = before
	}
}

func (h *history) ReadAll(_ context.Context, after int64, limit int) ([]eventstore.Recorded, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, _ := slices.BinarySearchFunc(h.events, after+1, func(e eventstore.Recorded, p int64) int { return int(e.Position - p) })
	return slices.Clone(h.events[i:min(len(h.events), i+limit)]), nil
}

func (h *history) Head(context.Context) (int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return 0, nil
	}
	return h.events[len(h.events)-1].Position, nil
}

func (h *history) Wait(ctx context.Context, after int64) error {
	for {
		head, _ := h.Head(ctx)
		h.mu.Lock()
		changed := h.changed
		h.mu.Unlock()
		if head > after {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// acknowledged is an event with a number and one of a few names.
func acknowledged(n int) proto.Message {
	return &policyv1.PackAcknowledged{Version: int64(n), Digest: fmt.Sprintf("%064x", n*n), Service: fmt.Sprintf("service-%d", n%7)}
}

func acknowledgements(from, to int) []proto.Message {
	var messages []proto.Message
	for n := from; n <= to; n++ {
		messages = append(messages, acknowledged(n))
	}
	return messages
}
