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

// columns reads the fields of rows and shares what repeats between them,
// because actors, types and rules are few and events are many.
type columns struct {
	words   [columnCount][2]string // the last two of each column
	command [16]byte
	text    string // of command
	bytes   []byte // room for data
	causes  []eventstore.Cause
}

// word gives one string for equal bytes.
func (c *columns) word(column int, b []byte) string {
	seen := &c.words[column]
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

// commandID is the text of a command's id; events of one append follow each
// other.
func (c *columns) commandID(id [16]byte) string {
	if c.text == "" || id != c.command {
		c.command, c.text = id, uuid.UUID(id).String()
	}
	return c.text
}

// data copies bytes into room that many events share: the longer the read, the
// more of them.
func (c *columns) data(b []byte) []byte {
	if cap(c.bytes)-len(c.bytes) < len(b) {
		c.bytes = make([]byte, 0, max(len(b), min(2*cap(c.bytes), 64<<10)))
	}
	start := len(c.bytes)
	c.bytes = append(c.bytes, b...)
	return c.bytes[start:len(c.bytes):len(c.bytes)]
}

// cause keeps a cause in room that many events share.
func (c *columns) cause(service string, position int64) *eventstore.Cause {
	if len(c.causes) == cap(c.causes) {
		c.causes = make([]eventstore.Cause, 0, max(1, min(2*cap(c.causes), 256)))
	}
	c.causes = append(c.causes, eventstore.Cause{Service: service, Position: position})
	return &c.causes[len(c.causes)-1]
}

// collect reads all rows of columnList. It reads the bytes of the protocol
// itself: half of the work of reading many events is else spent on choosing
// how to scan each field.
func collect(rows pgx.Rows, limit int) ([]eventstore.Recorded, error) {
	defer rows.Close()
	var events []eventstore.Recorded
	var known columns
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
func record(v [][]byte, known *columns) (eventstore.Recorded, error) {
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
		Position: integer(v[0]), Stream: known.word(1, v[1]), Version: integer(v[2]), EventID: event.String(),
		Type: known.word(4, v[4]), Data: known.data(v[5]), RecordedAt: instant(v[6]), EffectiveAt: instant(v[7]),
		Actor: known.word(8, v[8]), OnBehalfOf: known.word(9, v[9]), CorrelationID: known.word(10, v[10]),
		CommandID: known.commandID(command), PolicyDigest: known.word(14, v[14]), Rule: known.word(15, v[15]), Trace: known.word(16, v[16]),
	}
	if len(v[12]) == 8 {
		r.Causation = known.cause(known.word(11, v[11]), integer(v[12]))
	}
	return r, nil
}

func integer(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

// epoch is where PostgreSQL counts microseconds from, in those of Unix.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func instant(b []byte) time.Time { return time.UnixMicro(epoch + integer(b)).UTC() }
