package testkit

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Scenario says given, when, then about one decider.
type Scenario[S, C any] struct {
	t       testing.TB
	decider eventstore.Decider[S, C]
	state   S
	events  []proto.Message
	err     error
	decided bool
}

// Rule begins a scenario of a decider in the state of an empty stream.
func Rule[S, C any](t testing.TB, d eventstore.Decider[S, C]) *Scenario[S, C] {
	t.Helper()
	return &Scenario[S, C]{t: t, decider: d}
}

// Given says what has happened. Called again, it says what has happened since.
func (s *Scenario[S, C]) Given(events ...proto.Message) *Scenario[S, C] {
	s.t.Helper()
	for _, e := range events {
		s.state = s.decider.Evolve(s.state, e)
	}
	return s
}

// When says what is asked for.
func (s *Scenario[S, C]) When(command C) *Scenario[S, C] {
	s.t.Helper()
	s.events, s.err = s.decider.Decide(s.state, command)
	s.decided = true
	return s
}

// Then says exactly which events follow, and goes on in the state after them,
// so that a story may continue.
func (s *Scenario[S, C]) Then(want ...proto.Message) *Scenario[S, C] {
	s.t.Helper()
	s.checkDecided()
	if s.err != nil {
		s.t.Fatalf("refused: %v", s.err)
	}
	if diff := cmp.Diff(want, s.events, protocmp.Transform()); diff != "" {
		s.t.Fatalf("events (-want +got):\n%s", diff)
	}
	return s.Given(s.events...)
}

// ThenNothing says that there is nothing to do: no event and no refusal.
func (s *Scenario[S, C]) ThenNothing() *Scenario[S, C] {
	s.t.Helper()
	s.checkDecided()
	if s.err != nil || len(s.events) > 0 {
		s.t.Fatalf("want neither events nor a refusal, got %v, %v", s.events, s.err)
	}
	return s
}

// ThenRefused says which refusal follows, and that nothing happens.
func (s *Scenario[S, C]) ThenRefused(want error) *Scenario[S, C] {
	s.t.Helper()
	s.checkDecided()
	if !errors.Is(s.err, want) {
		s.t.Fatalf("want the refusal %v, got %v with events %v", want, s.err, s.events)
	}
	if len(s.events) > 0 {
		s.t.Fatalf("a refusal came with events: %v", s.events)
	}
	return s
}

func (s *Scenario[S, C]) checkDecided() {
	s.t.Helper()
	if !s.decided {
		s.t.Fatal("a scenario says When before Then")
	}
}
