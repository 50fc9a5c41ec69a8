package eventstore

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// envelopeOverhead is what an envelope holds beside its texts and data: ids,
// positions, times and lengths.
const envelopeOverhead = 512

// Validate checks an append before it reaches a store. Ids must be in the
// plain form of 36 lower-case characters: two spellings of one id would be two
// commands.
func (a Append) Validate() error {
	t := StreamType(a.Stream)
	if t == "" || len(t)+1 >= len(a.Stream) || a.ExpectedVersion < 0 || !canonical(a.Command.ID) || len(a.Events) == 0 {
		return ErrInvalid.With("stream", a.Stream)
	}
	m := a.Metadata
	shared := []string{a.Stream, m.Actor, m.OnBehalfOf, m.CorrelationID, m.PolicyDigest, m.Trace}
	if m.Causation != nil {
		shared = append(shared, m.Causation.Service)
	}
	if !storable(shared) {
		return ErrInvalid.With("stream", a.Stream)
	}
	for _, e := range a.Events {
		if own := []string{e.Type, e.Rule}; e.Type == "" || !canonical(e.ID) || !storable(own) {
			return ErrInvalid.With("stream", a.Stream).With("type", e.Type)
		}
		size := len(e.Data) + len(e.Type) + len(e.Rule) + envelopeOverhead
		for _, s := range shared {
			size += len(s)
		}
		if size > MaxEventBytes {
			return ErrTooLarge.With("type", e.Type)
		}
	}
	return nil
}

// Record is the append as a store keeps it when its first event gets the
// position first. Times are kept in UTC at microseconds.
func (a Append) Record(first int64, recordedAt time.Time) []Recorded {
	recordedAt = recordedAt.UTC().Truncate(time.Microsecond)
	records := make([]Recorded, len(a.Events))
	for i, e := range a.Events {
		r := Recorded{
			Position: first + int64(i), Stream: a.Stream, Version: a.ExpectedVersion + int64(i) + 1,
			EventID: e.ID, Type: e.Type, Data: e.Data,
			RecordedAt: recordedAt, EffectiveAt: e.EffectiveAt.UTC().Truncate(time.Microsecond),
			Actor: a.Metadata.Actor, OnBehalfOf: a.Metadata.OnBehalfOf, CorrelationID: a.Correlation(),
			CommandID: a.Command.ID, PolicyDigest: a.Metadata.PolicyDigest, Rule: e.Rule, Trace: a.Metadata.Trace,
		}
		if e.EffectiveAt.IsZero() {
			r.EffectiveAt = recordedAt
		}
		if a.Metadata.Causation != nil {
			cause := *a.Metadata.Causation
			r.Causation = &cause
		}
		records[i] = r
	}
	return records
}

// Correlation is the name of the first cause: the append's own command unless
// it says otherwise.
func (a Append) Correlation() string {
	if a.Metadata.CorrelationID != "" {
		return a.Metadata.CorrelationID
	}
	return a.Command.ID
}

// canonical tells whether an id is a UUID in its plain form.
func canonical(id string) bool {
	parsed, err := uuid.Parse(id)
	return err == nil && parsed.String() == id
}

// storable tells whether every store can keep the texts exactly.
func storable(texts []string) bool {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}
