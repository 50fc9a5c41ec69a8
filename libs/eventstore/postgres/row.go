package postgres

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// columnList is what rows are read from, in this order, in PostgreSQL's binary
// form.
const columnList = `e.position, e.stream, e.version, e.event_id, e.type, e.data, e.recorded_at, e.effective_at, e.actor, e.on_behalf_of,
	e.correlation_id, e.causation_service, e.causation_position, e.command_id, e.policy_digest, e.rule, e.trace`

// columnCount is how many columns columnList has.
const columnCount = 17

// words gives one string for equal bytes, because actors, types and rules are
// few and events are many. It remembers the last ones of each column.
type words [columnCount][2]string

func (w *words) of(column int, b []byte) string {
	seen := &w[column]
	if string(b) == seen[0] { // compares without a copy
		return seen[0]
	}
	if string(b) == seen[1] {
		seen[0], seen[1] = seen[1], seen[0]
		return seen[0]
	}
	seen[0], seen[1] = string(b), seen[0]
	return seen[0]
}

// collect reads all rows of columnList. It reads the bytes of the protocol
// itself: half of the work of reading many events is else spent on choosing
// how to scan each field.
func collect(rows pgx.Rows, limit int) ([]eventstore.Recorded, error) {
	defer rows.Close()
	var events []eventstore.Recorded
	var known words
	for rows.Next() {
		v := rows.RawValues()
		if len(v) != columnCount {
			return nil, fmt.Errorf("read events: %d columns, want %d", len(v), columnCount)
		}
		r, err := record(v, &known)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		if len(events) == cap(events) {
			events = slices.Grow(events, room(len(events), limit))
		}
		events = append(events, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// room is for how many more events to make room. Most reads find few; one that
// has found many will find as many as it asked for.
func room(have, limit int) int {
	if have < 512 {
		return max(16, have)
	}
	return min(max(limit-have, 1), 8192)
}

// record is one row. The bytes belong to the connection and are copied.
func record(v [][]byte, known *words) (eventstore.Recorded, error) {
	for _, i := range []int{0, 2, 6, 7} {
		if len(v[i]) != 8 {
			return eventstore.Recorded{}, fmt.Errorf("column %d has %d bytes, want 8", i, len(v[i]))
		}
	}
	event, err := uuid.FromBytes(v[3])
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("event id: %w", err)
	}
	command, err := uuid.FromBytes(v[13])
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("command id: %w", err)
	}
	r := eventstore.Recorded{
		Position: integer(v[0]), Stream: known.of(1, v[1]), Version: integer(v[2]), EventID: event.String(),
		Type: known.of(4, v[4]), Data: append([]byte{}, v[5]...), RecordedAt: instant(v[6]), EffectiveAt: instant(v[7]),
		Actor: known.of(8, v[8]), OnBehalfOf: known.of(9, v[9]), CorrelationID: known.of(10, v[10]),
		CommandID: command.String(), PolicyDigest: known.of(14, v[14]), Rule: known.of(15, v[15]), Trace: known.of(16, v[16]),
	}
	if len(v[12]) == 8 {
		r.Causation = &eventstore.Cause{Service: known.of(11, v[11]), Position: integer(v[12])}
	}
	return r, nil
}

func integer(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

// epoch is where PostgreSQL counts microseconds from, in those of Unix.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func instant(b []byte) time.Time { return time.UnixMicro(epoch + integer(b)).UTC() }
