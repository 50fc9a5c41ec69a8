package appendbench

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/google/uuid"

	"github.com/ostiary/ostiary/libs/eventstore"
)

const (
	// streamsOfCaller is how many streams a caller writes in turn.
	streamsOfCaller = 50
	// payload is the size of an event's data.
	payload = 500
)

// workload is what one caller writes.
type workload struct {
	streams  [streamsOfCaller]string
	versions [streamsOfCaller]int64
	turn     int
	data     []byte
	digest   string
}

func newWorkload(cell int64, caller int) *workload {
	random := rand.New(rand.NewPCG(uint64(cell), uint64(caller)))
	w := &workload{data: make([]byte, payload), digest: strings.Repeat("ab12", 16)}
	for i := range w.streams {
		w.streams[i] = "request-" + uuid.Must(uuid.NewV7()).String()
	}
	for i := range w.data {
		w.data[i] = byte(random.Uint32())
	}
	return w
}

// next is an append of one event.
func (w *workload) next() eventstore.Append {
	i := w.turn % streamsOfCaller
	w.turn++
	version := w.versions[i]
	w.versions[i]++
	id := uuid.Must(uuid.NewV7())
	return eventstore.Append{
		Stream: w.streams[i], ExpectedVersion: version,
		Command: eventstore.Command{ID: id.String(), Digest: [32]byte{0: byte(i)}},
		Metadata: eventstore.Metadata{
			Actor: fmt.Sprintf("E%04d", i), PolicyDigest: w.digest,
			Causation: &eventstore.Cause{Service: "identity", Position: version + 1},
			Trace:     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		},
		Events: []eventstore.NewEvent{{
			ID: uuid.Must(uuid.NewV7()).String(), Type: "ostiary.accessrequest.v1.AccessRequested", Data: w.data, Rule: "matrix[3]",
		}},
	}
}
