package ledger

import (
	"encoding/binary"
	"time"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// suite names this encoding together with SHA-256 and the RFC 6962 prefixes.
// Another encoding takes another number; this one is frozen by
// testdata/leaf.golden.
const suite = 0x01

// Leaf is the canonical encoding of an event: the suite byte, then all
// envelope columns and the data in the order below.
//
//	service         text      actor           text
//	position        integer   on_behalf_of    text
//	stream          text      correlation_id  text
//	version         integer   causation       0x00, or 0x01 service text, position integer
//	event_id        text      command_id      text
//	type            text      policy_digest   text
//	data            bytes     rule            text
//	recorded_at     instant   trace           text
//	effective_at    instant
//
// Text and bytes are preceded by their length, 4 bytes big-endian. An integer
// is 8 bytes big-endian, two's complement. An instant is the integer of
// microseconds since 1970-01-01 UTC, rounded down.
func Leaf(service string, r eventstore.Recorded) []byte {
	b := make([]byte, 0, 512+len(r.Data))
	b = append(b, suite)
	b = text(b, service)
	b = integer(b, r.Position)
	b = text(b, r.Stream)
	b = integer(b, r.Version)
	b = text(b, r.EventID)
	b = text(b, r.Type)
	b = text(b, r.Data)
	b = instant(b, r.RecordedAt)
	b = instant(b, r.EffectiveAt)
	b = text(b, r.Actor)
	b = text(b, r.OnBehalfOf)
	b = text(b, r.CorrelationID)
	b = cause(b, r.Causation)
	b = text(b, r.CommandID)
	b = text(b, r.PolicyDigest)
	b = text(b, r.Rule)
	return text(b, r.Trace)
}

// LeafHash is the RFC 6962 hash of the event's leaf.
func LeafHash(service string, r eventstore.Recorded) Hash {
	return HashLeaf(Leaf(service, r))
}

func text[T string | []byte](b []byte, s T) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s))) //nolint:gosec // an event is at most 512 KiB
	return append(b, s...)
}

func integer(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // two's complement is what is documented
}

func instant(b []byte, t time.Time) []byte { return integer(b, t.UnixMicro()) }

func cause(b []byte, c *eventstore.Cause) []byte {
	if c == nil {
		return append(b, 0)
	}
	return integer(text(append(b, 1), c.Service), c.Position)
}
