package packs_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
)

var decider = eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}

var (
	noon     = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	midnight = noon.Add(-12 * time.Hour)
	tomorrow = noon.Add(24 * time.Hour)
	first    = packs.Active{Version: 1, EffectiveAt: midnight.AddDate(-1, 0, 0)}
	body     = []byte("version: 2")
)

func publish(change func(*packs.Publish)) packs.Publish {
	c := packs.Publish{
		Version: 2, Last: 1, Digest: "d2", EffectiveAt: midnight, Body: body, Subscribers: []string{"identity", "access-request"},
		Foreseen: packs.Foreseen{Given: 5, Taken: 10, Held: 100},
	}
	change(&c)
	return c
}

func asIs(*packs.Publish) {}

func published(effective time.Time, confirmed bool, taken int32) *policyv1.PackPublished {
	return &policyv1.PackPublished{
		Version: 2, Digest: "d2", EffectiveAt: timestamppb.New(effective), Body: body, Subscribers: []string{"identity", "access-request"},
		GrantsGiven: 5, GrantsTaken: taken, Confirmed: confirmed,
	}
}

func held(taken int32) *policyv1.PackHeld {
	return &policyv1.PackHeld{Version: 2, Digest: "d2", GrantsGiven: 5, GrantsTaken: taken, GrantsHeld: 100}
}

func acknowledged(service string) *policyv1.PackAcknowledged {
	return &policyv1.PackAcknowledged{Version: 2, Digest: "d2", Service: service}
}

func activated(at time.Time) *policyv1.PackActivated {
	return &policyv1.PackActivated{Version: 2, Digest: "d2", EffectiveAt: timestamppb.New(at)}
}

func taken(service string) packs.Acknowledge {
	return packs.Acknowledge{Digest: "d2", Service: service, Active: first, Now: noon}
}

func TestAValidPackIsPublishedOnce(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		When(publish(asIs)).Then(published(midnight, false, 10)).
		When(publish(asIs)).ThenNothing()
}

// Covers: XCT-006
func TestAPublicationIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		given []proto.Message
		when  func(*packs.Publish)
		want  error
		next  string
	}{
		"that leaves a version out":    {nil, func(c *packs.Publish) { c.Last = 0 }, packs.ErrVersionNotNext, "1"},
		"of a version that is taken":   {nil, func(c *packs.Publish) { c.Last = 2 }, packs.ErrVersionNotNext, "3"},
		"of a version taken meanwhile": {[]proto.Message{published(midnight, false, 10)}, func(c *packs.Publish) { c.Digest = "other" }, packs.ErrVersionNotNext, "3"},
		"that confirms another digest": {nil, func(c *packs.Publish) { c.Confirm = "other" }, packs.ErrConfirmsAnother, ""},
		"of a body that fits no event": {nil, func(c *packs.Publish) { c.Body = make([]byte, packs.MaxBody+1) }, packs.ErrTooLarge, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(tc.given...).When(publish(tc.when)).ThenRefused(tc.want)
			if tc.next == "" {
				return
			}
			var s packs.State
			for _, e := range tc.given {
				s = packs.Evolve(s, e)
			}
			_, err := packs.Decide(s, publish(tc.when))
			if got := detail(err, "next"); got != tc.next {
				t.Errorf("next is %q, want %q", got, tc.next)
			}
		})
	}
}

func TestTheLargestBodyIsPublished(t *testing.T) {
	t.Parallel()
	events, err := packs.Decide(packs.State{}, publish(func(c *packs.Publish) { c.Body = make([]byte, packs.MaxBody) }))
	if err != nil || len(events) != 1 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
	a := eventstore.Append{Stream: "pack-2", Command: eventstore.Command{ID: "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e"}}
	b, err := proto.Marshal(events[0])
	if err != nil {
		t.Fatal(err)
	}
	a.Events = []eventstore.NewEvent{{ID: "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3f", Type: "ostiary.policy.v1.PackPublished", Data: b}}
	if err := a.Validate(); err != nil {
		t.Errorf("it does not fit into an event: %v", err)
	}
}

func TestAPackThatTakesManyGrantsWaitsForAConfirmation(t *testing.T) {
	t.Parallel()
	many := func(c *packs.Publish) { c.Foreseen.Taken = 11 }
	t.Run("a tenth is not many", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).When(publish(asIs)).Then(published(midnight, false, 10))
	})
	t.Run("more is held, once", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			When(publish(many)).Then(held(11)).
			When(publish(many)).ThenNothing()
	})
	t.Run("and published when its digest is confirmed", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(held(11)).
			When(publish(func(c *packs.Publish) { many(c); c.Confirm = "d2" })).
			Then(published(midnight, true, 11))
	})
	t.Run("and held again when it takes more by then", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(held(11)).
			When(publish(func(c *packs.Publish) { c.Foreseen.Taken = 12 })).Then(held(12))
	})
	t.Run("even if the digest is confirmed that was shown with less", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(held(11)).
			When(publish(func(c *packs.Publish) { c.Foreseen.Taken = 12; c.Confirm = "d2" })).Then(held(12)).
			When(publish(func(c *packs.Publish) { c.Foreseen.Taken = 11; c.Confirm = "d2" })).Then(published(midnight, true, 11))
	})
	t.Run("nothing is confirmed before it was shown", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			When(publish(func(c *packs.Publish) { many(c); c.Confirm = "d2" })).Then(held(11))
	})
	t.Run("another body may take its number", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			Given(&policyv1.PackHeld{Version: 2, Digest: "other"}).
			When(publish(asIs)).Then(published(midnight, false, 10))
	})
	t.Run("nothing is held where nothing is taken", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).
			When(publish(func(c *packs.Publish) { c.Foreseen = packs.Foreseen{Given: 5} })).Then(published(midnight, false, 0))
	})
}

func TestTheLastServiceActivatesThePack(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).Given(published(midnight, false, 10)).
		When(taken("identity")).Then(acknowledged("identity")).
		When(taken("identity")).ThenNothing().
		When(taken("audit")).ThenNothing().
		When(taken("access-request")).Then(acknowledged("access-request"), activated(midnight)).
		When(taken("access-request")).ThenNothing().
		When(packs.Activate{Active: first, Now: tomorrow}).ThenNothing()
}

func TestAPackIsActivatedWhenItsTimeHasCome(t *testing.T) {
	t.Parallel()
	all := []proto.Message{published(tomorrow, false, 10), acknowledged("identity"), acknowledged("access-request")}
	t.Run("not when the last service has it", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(all[:2]...).When(taken("access-request")).Then(acknowledged("access-request"))
	})
	t.Run("not a moment before", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(all...).When(packs.Activate{Active: first, Now: tomorrow.Add(-time.Microsecond)}).ThenNothing()
	})
	t.Run("but then", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(all...).When(packs.Activate{Active: first, Now: tomorrow}).Then(activated(tomorrow))
	})
	t.Run("with the last service, if that is later", func(t *testing.T) {
		t.Parallel()
		late := taken("access-request")
		late.Now = tomorrow.Add(time.Hour)
		testkit.Rule(t, decider).Given(all[:2]...).
			When(packs.Activate{Active: first, Now: tomorrow}).ThenNothing().
			When(late).Then(acknowledged("access-request"), activated(tomorrow))
	})
	t.Run("never after a later version", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(all...).
			When(packs.Activate{Active: packs.Active{Version: 3}, Now: tomorrow}).ThenNothing()
	})
	t.Run("never before it is published", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(held(11)).When(packs.Activate{Now: tomorrow}).ThenNothing()
	})
}

func TestACopiedInstantDoesNotRewriteThePast(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).
		Given(published(midnight, false, 10), acknowledged("identity"), acknowledged("access-request")).
		When(packs.Activate{Active: packs.Active{Version: 1, EffectiveAt: midnight}, Now: noon}).
		Then(activated(noon))
}

func TestOnlyWhatWasPublishedIsAcknowledged(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, decider).When(taken("identity")).ThenRefused(packs.ErrUnknown)
	testkit.Rule(t, decider).Given(held(11)).When(taken("identity")).ThenRefused(packs.ErrUnknown)
	other := taken("identity")
	other.Digest = "other"
	testkit.Rule(t, decider).Given(published(midnight, false, 10)).When(other).ThenRefused(packs.ErrUnknown)
}

func TestScheduledMeansThatOnlyTimeIsMissing(t *testing.T) {
	t.Parallel()
	var s packs.State
	for i, e := range []proto.Message{published(tomorrow, false, 10), acknowledged("identity"), acknowledged("access-request")} {
		s = packs.Evolve(s, e)
		if got, want := s.Scheduled(noon), i == 2; got != want {
			t.Errorf("after %d events scheduled is %v", i+1, got)
		}
	}
	if s.Scheduled(tomorrow) {
		t.Error("scheduled when its time has come")
	}
}
