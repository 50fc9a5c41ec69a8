package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/libs/eventstore"
)

func envelope(t *testing.T, s eventstore.Store) {
	shanghai := time.FixedZone("UTC+8", 8*60*60)
	for _, pad := range []int{0, 1} { // alone and with a second event take different ways
		a := on(stream(), 0, 1+pad)
		a.Metadata = eventstore.Metadata{
			Actor: "service:审批", OnBehalfOf: "E0002", CorrelationID: "request-19", PolicyDigest: "sha256:ab12",
			Causation: &eventstore.Cause{Service: "approval", Position: 1 << 40},
			Trace:     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		}
		a.Events[0].EffectiveAt = time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, shanghai)
		a.Events[0].Rule = "matrix[3] \"quoted\" {a,b}\\"
		a.Events[0].Data = []byte{0, 1, 0xff, 'x', 0}
		r := accepted(t, s, a)
		want := eventstore.Recorded{
			Position: r.First, Stream: a.Stream, Version: 1, EventID: a.Events[0].ID, Type: "test.v1.Happened",
			Data: []byte{0, 1, 0xff, 'x', 0}, RecordedAt: Now,
			EffectiveAt: time.Date(1969, 12, 31, 15, 59, 59, 999_999_000, time.UTC),
			Actor:       "service:审批", OnBehalfOf: "E0002", CorrelationID: "request-19",
			Causation: &eventstore.Cause{Service: "approval", Position: 1 << 40},
			CommandID: a.Command.ID, PolicyDigest: "sha256:ab12", Rule: "matrix[3] \"quoted\" {a,b}\\",
			Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		}
		wantEvent(t, s, want)
	}
}

func sparse(t *testing.T, s eventstore.Store) {
	for _, pad := range []int{0, 1} {
		a := on(stream(), 0, 1+pad)
		a.Metadata = eventstore.Metadata{}
		a.Events[0].Data = nil
		r := accepted(t, s, a)
		wantEvent(t, s, eventstore.Recorded{
			Position: r.First, Stream: a.Stream, Version: 1, EventID: a.Events[0].ID, Type: "test.v1.Happened",
			RecordedAt: Now, EffectiveAt: Now, CorrelationID: a.Command.ID, CommandID: a.Command.ID,
		})
	}
}

// wantEvent compares both ways of reading an event with what was written.
func wantEvent(t *testing.T, s eventstore.Store, want eventstore.Recorded) {
	t.Helper()
	for name, read := range map[string]func() ([]eventstore.Recorded, error){
		"ReadAll": func() ([]eventstore.Recorded, error) { return s.ReadAll(t.Context(), want.Position-1, 1) },
		"ReadStream": func() ([]eventstore.Recorded, error) {
			return s.ReadStream(t.Context(), want.Stream, want.Version-1, 1)
		},
	} {
		got, err := read()
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %d events, %v", name, len(got), err)
		}
		if len(got[0].Data) == 0 {
			got[0].Data = nil // no bytes are no bytes
		}
		if d := cmp.Diff(want, got[0]); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if got[0].RecordedAt.Location() != time.UTC || got[0].EffectiveAt.Location() != time.UTC {
			t.Errorf("%s: times are not in UTC", name)
		}
	}
}

func untouchable(t *testing.T, s eventstore.Store) {
	a := on(stream(), 0, 1)
	a.Metadata.Causation = &eventstore.Cause{Service: "approval", Position: 7}
	want := string(a.Events[0].Data)
	accepted(t, s, a)
	a.Events[0].Data[0], a.Metadata.Causation.Position = '!', 8
	got := everything(t, s)[0]
	if string(got.Data) != want || got.Causation.Position != 7 {
		t.Errorf("the writer changed a stored event afterwards: %q, %d", got.Data, got.Causation.Position)
	}
	got.Data[0], got.Causation.Position = '?', 9
	if got = everything(t, s)[0]; string(got.Data) != want || got.Causation.Position != 7 {
		t.Errorf("a reader changed a stored event: %q, %d", got.Data, got.Causation.Position)
	}
}
