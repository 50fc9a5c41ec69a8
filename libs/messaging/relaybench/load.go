package relaybench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
)

// offer appends events at the rate, whether or not earlier ones were answered,
// and tells when each position was.
func (i *installation) offer(ctx context.Context, total int) ([]time.Time, error) {
	message := &policyv1.PackPublished{}
	data, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	answered := make([]time.Time, total)
	failures := make(chan error, total)
	var g sync.WaitGroup
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	for start, n := time.Now(), 0; n < total; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		// A tick that came late is made up for, so the rate holds.
		for due := int(time.Since(start).Seconds() * rate); n < min(due, total); n++ {
			a := eventstore.Append{
				Stream: "pack-" + uuid.NewString(), Command: eventstore.Command{ID: uuid.NewString()},
				Events: []eventstore.NewEvent{{ID: uuid.Must(uuid.NewV7()).String(), Type: string(message.ProtoReflect().Descriptor().FullName()), Data: data}},
			}
			g.Go(func() {
				r, err := i.store.Append(ctx, a)
				if err != nil {
					failures <- err
					return
				}
				answered[r.Last-1] = time.Now()
			})
		}
	}
	g.Wait()
	close(failures)
	return answered, <-failures
}

// arrivals tells when each position was received.
type arrivals struct {
	at  []time.Time
	err error
}

// receive reads the stream over TCP.
func (i *installation) receive(ctx context.Context, total int) arrivals {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	at := make([]time.Time, total)
	js, err := jetstream.New(i.reader)
	if err != nil {
		return arrivals{err: fmt.Errorf("use JetStream: %w", err)}
	}
	c, err := js.Consumer(ctx, messaging.StreamName(source), messaging.DurableName(reader, source))
	if err != nil {
		return arrivals{err: fmt.Errorf("bind the reader: %w", err)}
	}
	messages, err := c.Messages()
	if err != nil {
		return arrivals{err: fmt.Errorf("read: %w", err)}
	}
	defer messages.Stop()
	for n := range total {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return arrivals{err: fmt.Errorf("receive event %d of %d: %w", n+1, total, err)}
		}
		now := time.Now()
		meta, err := m.Metadata()
		if err != nil {
			return arrivals{err: fmt.Errorf("read what was received: %w", err)}
		}
		at[meta.Sequence.Stream-1] = now
		if err := m.Ack(); err != nil {
			return arrivals{err: fmt.Errorf("acknowledge: %w", err)}
		}
	}
	return arrivals{at: at}
}
