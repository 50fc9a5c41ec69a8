package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/testkit"
)

// relay runs a relay of the service identity.
func relay(t *testing.T, b *bus, s *source, pushed bool, recover func(context.Context) error) (*messaging.Relay, func()) {
	t.Helper()
	r, err := messaging.NewRelay("identity", s, b.connect("identity"), quiet, recover)
	if err != nil {
		t.Fatal(err)
	}
	if pushed {
		s.subscribe(r.Push)
	}
	return r, background(t, r.Run)
}

// flushing makes a server flush every message, as an installation does.
func flushing(b *bus) *bus {
	b.t.Helper()
	b.stop()
	b.config.SyncAlways = true
	b.start()
	return b
}

// fill appends events from several goroutines to a few streams.
func fill(t *testing.T, s *source, n int) {
	t.Helper()
	var g sync.WaitGroup
	for w := range 4 {
		g.Go(func() {
			for k := range n / 4 {
				s.published(t, fmt.Sprintf("pack-%d", w), int64(k))
			}
		})
	}
	g.Wait()
}

func TestRelaySequenceIsPosition(t *testing.T) {
	t.Parallel()
	for name, pushed := range map[string]bool{"pushed": true, "polled": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s := flushing(newBus(t)), newSource()
			b.mustEnsure()
			fill(t, s, 200)
			r, _ := relay(t, b, s, pushed, nil)
			n := 200 + max(4, testkit.Count(4000))/4*4
			fill(t, s, n-200)
			envelopes := b.read("identity", 1, uint64(n))
			stored, err := s.ReadAll(t.Context(), 0, n)
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range envelopes {
				if e.GetEventId() != stored[i].EventID || e.GetService() != "identity" {
					t.Fatalf("sequence %d holds another event than the store", i+1)
				}
			}
			eventually(t, "position reached", func() bool { return r.Position() == int64(n) })
			if c := r.Causes(); len(c) > 0 {
				t.Error(c)
			}
		})
	}
}

func TestRelaySubjectNamesTheEvent(t *testing.T) {
	t.Parallel()
	r := eventstore.Recorded{Stream: "pack-3", Type: "ostiary.policy.v1.PackPublished"}
	if got := messaging.Subject("policy", r); got != "ev.policy.pack.PackPublished" {
		t.Error(got)
	}
	r.Stream = "odd >.name*-3"
	if got := messaging.Subject("policy", r); got != "ev.policy.odd___name_.PackPublished" {
		t.Error(got)
	}
}

// TestRelayRefills: the JetStream directory is deleted while everything is
// stopped, and while the relay runs.
func TestRelayRefills(t *testing.T) {
	t.Parallel()
	b, s := newBus(t), newSource()
	b.mustEnsure()
	_, stop := relay(t, b, s, true, b.ensure)
	fill(t, s, 100)
	before := b.read("identity", 1, 100)
	stop()
	b.stop()
	if err := os.RemoveAll(b.config.Dir); err != nil {
		t.Fatal(err)
	}
	b.start()
	r, _ := relay(t, b, s, true, b.ensure)
	fill(t, s, 100)
	after := b.readWhenThere(200)
	for i, e := range before {
		if e.GetEventId() != after[i].GetEventId() {
			t.Fatalf("sequence %d holds another event after the refill", i+1)
		}
	}
	eventually(t, "position 200", func() bool { return r.Position() == 200 })
	b.stop()
	if err := os.RemoveAll(b.config.Dir); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 100)
	b.start()
	b.readWhenThere(300)
}

// readWhenThere waits until the stream of identity is there, then reads it.
func (b *bus) readWhenThere(n int) []*envelopev1.Envelope {
	b.t.Helper()
	js := b.js("admin")
	eventually(b.t, "the stream is there again", func() bool {
		_, err := js.Stream(b.t.Context(), "EV_IDENTITY")
		return err == nil
	})
	return b.read("identity", 1, uint64(n))
}

// TestRelayFillsALostTail: the broker lost its last messages; they come again
// under the same sequences.
func TestRelayFillsALostTail(t *testing.T) {
	t.Parallel()
	b, s := newBus(t), newSource()
	b.mustEnsure()
	js := b.js("admin")
	fill(t, s, 40)
	_, stop := relay(t, b, s, true, nil)
	b.read("identity", 1, 40)
	stop()
	if err := js.DeleteStream(t.Context(), "EV_IDENTITY"); err != nil {
		t.Fatal(err)
	}
	b.mustEnsure()
	events, err := s.ReadAll(t.Context(), 0, 25)
	if err != nil {
		t.Fatal(err)
	}
	for range events { // what had survived
		if _, err := js.Publish(t.Context(), "ev.identity.pack.Survived", nil); err != nil {
			t.Fatal(err)
		}
	}
	relay(t, b, s, true, nil)
	b.read("identity", 26, 40)
}

// TestRelaysOfReplicas: two relays push at the same time, and what one of them
// says twice is refused.
func TestRelaysOfReplicas(t *testing.T) {
	t.Parallel()
	b, s := flushing(newBus(t)), newSource()
	b.mustEnsure()
	one, _ := relay(t, b, s, true, nil)
	two, _ := relay(t, b, s, true, nil)
	n := max(4, testkit.Count(4000)/4*4)
	fill(t, s, n)
	b.read("identity", 1, uint64(n))
	eventually(t, "both know it", func() bool { return one.Position() == int64(n) && two.Position() == int64(n) })
	for _, r := range []*messaging.Relay{one, two} {
		if c := r.Causes(); len(c) > 0 {
			t.Error(c)
		}
	}
}

// TestRelayHoles: what is pushed has holes, repetitions and strangers.
func TestRelayHoles(t *testing.T) {
	t.Parallel()
	b, s := newBus(t), newSource()
	b.mustEnsure()
	r, _ := relay(t, b, s, false, nil)
	for n := range 300 {
		e := s.published(t, "pack-1", int64(n))
		if n%3 == 0 {
			r.Push([]eventstore.Recorded{e})
		}
		if n%7 == 0 {
			r.Push([]eventstore.Recorded{e, e})
		}
	}
	b.read("identity", 1, 300)
}

// TestRelayAhead: the store is older than the stream; nothing is published and
// readiness names it.
func TestRelayAhead(t *testing.T) {
	t.Parallel()
	b, s := newBus(t), newSource()
	b.mustEnsure()
	js := b.js("admin")
	for range 3 {
		if _, err := js.Publish(t.Context(), "ev.identity.pack.Lost", nil); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, 0)
	s.published(t, "pack-1", 1)
	r, stop := relay(t, b, s, true, nil)
	eventually(t, "the alarm", func() bool { return len(r.Causes()) == 1 })
	if c := r.Causes()[0]; !strings.Contains(c, messaging.ErrAhead.Reason) {
		t.Error(c)
	}
	for range 5 {
		s.published(t, "pack-1", 1)
	}
	stop()
	stream, err := js.Stream(t.Context(), "EV_IDENTITY")
	if err != nil {
		t.Fatal(err)
	}
	if last := stream.CachedInfo().State.LastSeq; last != 3 {
		t.Errorf("it published up to %d", last)
	}
}

// TestRelayTrimmedHistory: the store begins at 101; the stream too.
func TestRelayTrimmedHistory(t *testing.T) {
	t.Parallel()
	b, s := newBus(t), newSource()
	fill(t, s, 120)
	if err := messaging.EnsureStreams(t.Context(), b.js("admin"), []messaging.Source{{Service: "identity", First: 101}}, nil); err != nil {
		t.Fatal(err)
	}
	relay(t, b, s, false, nil)
	b.read("identity", 101, 120)
}

// TestRelaySurvivesNATS: events go on being appended while NATS is away.
func TestRelaySurvivesNATS(t *testing.T) {
	t.Parallel()
	b, s := newBus(t), newSource()
	b.mustEnsure()
	r, _ := relay(t, b, s, true, nil)
	for round := range 3 {
		fill(t, s, 40)
		b.stop()
		fill(t, s, 40)
		b.start()
		b.read("identity", 1, uint64(80*(round+1)))
	}
	eventually(t, "position", func() bool { return r.Position() == 240 })
}

// TestRelayIsTheOnlyWriter: a stranger's message under the next sequence would
// break the arithmetic, so the rights keep strangers out; a copy of the relay's
// own is refused.
func TestRelayCopyIsRefused(t *testing.T) {
	t.Parallel()
	b, s := newBus(t), newSource()
	b.mustEnsure()
	relay(t, b, s, true, nil)
	fill(t, s, 8)
	b.read("identity", 1, 8)
	_, err := b.js("identity").Publish(t.Context(), "ev.identity.pack.Copy", nil, jetstream.WithExpectLastSequence(7))
	var refusal *jetstream.APIError
	if !errors.As(err, &refusal) || refusal.ErrorCode != 10071 {
		t.Errorf("a copy of position 8 was answered with %v", err)
	}
}
