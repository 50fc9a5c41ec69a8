package messaging

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/ostiary/ostiary/libs/eventstore"
)

const (
	// batchFrom is how many events must wait for a batch to pay. JetStream
	// flushes it once instead of once a message, but prepares it on disk first,
	// which costs as much as some thirty flushes.
	batchFrom = 32
	// batchLimit and batchBytes bound a batch; JetStream admits 1000 messages.
	batchLimit = 512
	batchBytes = 4 << 20
)

// batchSize is how many of the events go together.
func batchSize(events []eventstore.Recorded) int {
	if len(events) < batchFrom {
		return 1
	}
	n, size := 0, 0
	for n < min(len(events), batchLimit) {
		if size += len(events[n].Data); n > 0 && size > batchBytes {
			break
		}
		n++
	}
	return n
}

// send publishes events, all or none. The first says which sequence it follows,
// which fixes the sequences of all; the last is the one that is confirmed.
func (r *Relay) send(js jetstream.JetStream, events []eventstore.Recorded) (jetstream.PubAckFuture, error) {
	batch := nuid.Next()
	for n, e := range events {
		m, err := r.message(e)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			m.Header.Set(jetstream.ExpectedLastSeqHeader, strconv.FormatInt(e.Position-1, 10))
		}
		last := n == len(events)-1
		if len(events) > 1 {
			m.Header.Set("Nats-Batch-Id", batch)
			m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(n+1))
			if last {
				m.Header.Set("Nats-Batch-Commit", "1")
			}
		}
		if last {
			return js.PublishMsgAsync(m, jetstream.WithRetryAttempts(0), jetstream.WithStallWait(confirmWithin))
		}
		if err := r.bus.PublishMsg(m); err != nil {
			return nil, fmt.Errorf("position %d of a batch: %w", e.Position, err)
		}
	}
	return nil, errors.New("no events are given")
}
