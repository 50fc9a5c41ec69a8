package postgres

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// columnsOfInput is the number of columns of es.input.
const columnsOfInput = 20

// array encodes a batch as es.input[], in PostgreSQL's binary form: number of
// dimensions, whether there are nulls, type, length, lower bound, elements.
func (l *link) array(b []byte, batch []*request) []byte {
	b = appendInts(b, 1, 0, l.input)
	count := len(b)
	b = appendInts(b, 0, 1)
	n := uint32(0)
	for i, r := range batch {
		for step := range r.append.Events {
			n++
			b = sized(b, func(b []byte) []byte { return l.record(b, r, n, uint32(i+1), step) })
		}
	}
	binary.BigEndian.PutUint32(b[count:], n)
	return b
}

// record encodes one event as es.input; the order is that of its columns.
func (l *link) record(b []byte, r *request, n, ordinal uint32, step int) []byte {
	a, e := &r.append, &r.append.Events[step]
	b = appendInts(b, columnsOfInput)
	b = appendInt4(b, n)
	b = appendInt4(b, ordinal)
	b = appendInt4(b, uint32(step))
	b = appendInt4(b, uint32(len(a.Events)))
	b = appendInt8(b, uint64(a.ExpectedVersion))
	b = appendBytes(b, pgtype.ByteaOID, a.Command.Digest[:])
	b = appendText(b, a.Stream)
	id := uuid.MustParse(e.ID)
	b = appendBytes(b, pgtype.UUIDOID, id[:])
	b = appendText(b, e.Type)
	b = appendBytes(b, pgtype.ByteaOID, e.Data)
	if e.EffectiveAt.IsZero() {
		b = appendNull(b, pgtype.TimestamptzOID)
	} else {
		b = binary.BigEndian.AppendUint64(appendInts(b, pgtype.TimestamptzOID, 8), microseconds(e.EffectiveAt))
	}
	b = appendText(b, a.Metadata.Actor)
	b = appendText(b, a.Metadata.OnBehalfOf)
	b = appendText(b, a.Correlation())
	if c := a.Metadata.Causation; c != nil {
		b = appendText(b, c.Service)
		b = appendInt8(b, uint64(c.Position))
	} else {
		b = appendNull(b, pgtype.TextOID)
		b = appendNull(b, pgtype.Int8OID)
	}
	b = appendBytes(b, pgtype.UUIDOID, r.command[:])
	b = appendText(b, a.Metadata.PolicyDigest)
	b = appendText(b, e.Rule)
	return appendText(b, a.Metadata.Trace)
}

// microseconds is how PostgreSQL sends an instant: since 2000-01-01 UTC,
// rounded down.
func microseconds(t time.Time) uint64 {
	const epoch = 946_684_800
	return uint64((t.Unix()-epoch)*1_000_000 + int64(t.Nanosecond()/1000))
}

func appendInts(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// sized puts the length before what f appends.
func sized(b []byte, f func([]byte) []byte) []byte {
	at := len(b)
	b = f(appendInts(b, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// The columns: type, length, value.

func appendInt4(b []byte, v uint32) []byte { return appendInts(b, pgtype.Int4OID, 4, v) }

func appendInt8(b []byte, v uint64) []byte {
	return binary.BigEndian.AppendUint64(appendInts(b, pgtype.Int8OID, 8), v)
}

func appendText(b []byte, s string) []byte {
	return append(appendInts(b, pgtype.TextOID, uint32(len(s))), s...)
}

func appendBytes(b []byte, oid uint32, v []byte) []byte {
	return append(appendInts(b, oid, uint32(len(v))), v...)
}

func appendNull(b []byte, oid uint32) []byte { return appendInts(b, oid, ^uint32(0)) }
