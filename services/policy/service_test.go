package policy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	"github.com/ostiary/ostiary/services/policy"
	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
	"github.com/ostiary/ostiary/services/policy/internal/rpc"
)

// noon is where the clock stands.
var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

var names = []string{"identity", "access-request", "approval", "provisioning"}

// installation is policy in the real host among its subscribers.
type installation struct {
	*hosttest.Installation
	t           *testing.T
	subscribers map[string]*subscriber
}

func begin(t *testing.T) *installation {
	t.Helper()
	t.Parallel()
	i := &installation{t: t, subscribers: map[string]*subscriber{}}
	c := hosttest.Cast{
		Service: policy.Definition(), Sources: names, Now: noon,
		Neighbours: map[string]func(*servicekit.Platform) *servicekit.Service{},
	}
	for _, n := range names {
		s := &subscriber{name: n, verdict: &policyv1.ValidatePackResponse{}, gate: open()}
		i.subscribers[n], c.Neighbours[n] = s, s.build
	}
	i.Installation = hosttest.Start(t, c)
	return i
}

// body is a pack; what is named in more is added to it.
func body(version int64, effective time.Time, more ...string) []byte {
	return fmt.Appendf(nil, "version: %d\neffective: %s\n%s", version, effective.Format(time.RFC3339), strings.Join(more, "\n"))
}

func (i *installation) client() policyv1.PolicyServiceClient {
	return policyv1.NewPolicyServiceClient(i.Conn("policy"))
}

func (i *installation) admin() context.Context { return i.As("ada", "access-admin") }

func (i *installation) apply(r *policyv1.ApplyPackRequest) *policyv1.ApplyPackResponse {
	i.t.Helper()
	answer, err := i.client().ApplyPack(i.admin(), r)
	if err != nil {
		i.t.Fatalf("apply: %v", err)
	}
	return answer
}

func (i *installation) get(version int64) *policyv1.GetPackResponse {
	i.t.Helper()
	answer, err := i.client().GetPack(i.admin(), &policyv1.GetPackRequest{Version: version})
	if err != nil {
		i.t.Fatalf("get: %v", err)
	}
	return answer
}

func (i *installation) head() int64 {
	i.t.Helper()
	head, err := i.Platform("policy").Journal.Store.Head(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	return head
}

// events are the names of what happened to a version.
func (i *installation) events(version int64) []string {
	i.t.Helper()
	var events []string
	for _, f := range i.Stream("policy", packs.Stream(version)) {
		events = append(events, string(f.Message.ProtoReflect().Descriptor().Name()))
	}
	return events
}

// Covers: XCT-006
func TestAPackIsActiveEverywhereWhenApplyReturns(t *testing.T) {
	i := begin(t)
	first := body(1, noon.AddDate(0, -1, 0))
	var trailer metadata.MD
	answer, err := i.client().ApplyPack(i.admin(), &policyv1.ApplyPackRequest{Body: first}, grpc.Trailer(&trailer))
	if err != nil {
		t.Fatal(err)
	}
	if answer.GetState() != "active" || answer.GetVersion() != 1 || answer.GetDigest() != pack.Digest(first) || answer.GetHeld() {
		t.Errorf("answer %v", answer)
	}
	want := []string{"PackPublished", "PackAcknowledged", "PackAcknowledged", "PackAcknowledged", "PackAcknowledged", "PackActivated"}
	if got := i.events(1); !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	if answer.GetPosition() != i.head() || !slices.Equal(trailer.Get("ostiary-position"), []string{fmt.Sprintf("policy=%d", i.head())}) {
		t.Errorf("position %d, trailer %v, head %d", answer.GetPosition(), trailer.Get("ostiary-position"), i.head())
	}
	facts := i.Stream("policy", packs.Stream(1))
	if facts[0].Actor != "ada" || !facts[5].EffectiveAt.Equal(noon.AddDate(0, -1, 0)) || facts[5].Causation == nil {
		t.Errorf("published by %q, holds from %v because of %v", facts[0].Actor, facts[5].EffectiveAt, facts[5].Causation)
	}
	// Whoever waits for what follows knows by which name.
	if c := answer.GetCorrelationId(); c == "" || c != facts[0].CorrelationID || c != facts[5].CorrelationID {
		t.Errorf("what follows is called %q, the events say %q and %q", c, facts[0].CorrelationID, facts[5].CorrelationID)
	}
	shown := i.get(0)
	if shown.GetVersion() != 1 || shown.GetState() != "active" || string(shown.GetBody()) != string(first) ||
		!slices.Equal(shown.GetAcknowledged(), []string{"access-request", "approval", "identity", "provisioning"}) {
		t.Errorf("shown %v", shown)
	}

	t.Run("the same pack again changes nothing", func(t *testing.T) {
		head := i.head()
		if a := i.apply(&policyv1.ApplyPackRequest{Body: first}); a.GetState() != "active" || a.GetVersion() != 1 || a.GetPosition() != head {
			t.Errorf("answer %v", a)
		}
		if i.head() != head {
			t.Error("something was recorded")
		}
	})
	t.Run("the next one supersedes it", func(t *testing.T) {
		a := i.apply(&policyv1.ApplyPackRequest{Body: body(2, noon.AddDate(0, -1, 0), "functions: {security: [E1]}")})
		if a.GetState() != "active" || !slices.Equal(a.GetDiff(), []string{"+ function security: holders E1"}) {
			t.Errorf("answer %v", a)
		}
		if got := i.get(1).GetState(); got != "superseded" {
			t.Errorf("the first is %s", got)
		}
		if got := i.get(0).GetVersion(); got != 2 {
			t.Errorf("version %d holds", got)
		}
		if at := i.get(2).GetEffectiveAt().AsTime(); !at.Equal(noon) {
			t.Errorf("a copied instant made it hold from %v", at)
		}
	})
}

// Covers: XCT-006
func TestAPackIsRefusedBeforeAnythingIsRecorded(t *testing.T) {
	i := begin(t)
	valid := body(1, noon)
	for _, tc := range []struct {
		name    string
		says    *policyv1.ValidatePackResponse
		refusal error
		ctx     context.Context
		request *policyv1.ApplyPackRequest
		want    error
		details map[string]string // keys and a part of the value
	}{
		{name: "not YAML", request: &policyv1.ApplyPackRequest{Body: []byte("version: [")}, want: rpc.ErrInvalid},
		{
			name:    "two unknown keys",
			request: &policyv1.ApplyPackRequest{Body: body(1, noon, "wersion: 1", "martix: []")}, want: rpc.ErrInvalid,
			details: map[string]string{"3:1": "wersion", "4:1": "martix", "3:1_zh": "未知的键", "4:1_zh": "未知的键"},
		},
		{name: "too large", request: &policyv1.ApplyPackRequest{Body: body(1, noon, "#"+strings.Repeat("x", packs.MaxBody))}, want: packs.ErrTooLarge, details: map[string]string{"limit": "393216"}},
		{name: "not the next version", request: &policyv1.ApplyPackRequest{Body: body(3, noon)}, want: packs.ErrVersionNotNext, details: map[string]string{"next": "1"}},
		{name: "another digest is confirmed", request: &policyv1.ApplyPackRequest{Body: valid, Confirm: "abc"}, want: packs.ErrConfirmsAnother},
		{
			name:    "a service finds something at a place",
			says:    &policyv1.ValidatePackResponse{Problems: []*policyv1.PackProblem{{Line: 12, Column: 5, Message: "ORDERS_DSN is not set"}}},
			request: &policyv1.ApplyPackRequest{Body: valid}, want: rpc.ErrInvalid, details: map[string]string{"12:5": "ORDERS_DSN", "12:5_zh": "ORDERS_DSN"},
		},
		{
			name:    "a service finds something without a place",
			says:    &policyv1.ValidatePackResponse{Problems: []*policyv1.PackProblem{{Message: "duty rule"}}},
			request: &policyv1.ApplyPackRequest{Body: valid}, want: rpc.ErrInvalid, details: map[string]string{"provisioning": "duty rule"},
		},
		{
			name:    "a service is away",
			refusal: errAway, request: &policyv1.ApplyPackRequest{Body: valid}, want: rpc.ErrUnreachable, details: map[string]string{"service": "provisioning"},
		},
		{name: "by an auditor", ctx: i.As("bo", "auditor"), request: &policyv1.ApplyPackRequest{Body: valid}, want: authz.ErrForbidden},
		{name: "by nobody", ctx: t.Context(), request: &policyv1.ApplyPackRequest{Body: valid}, want: authz.ErrUnauthenticated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.says == nil {
				tc.says = &policyv1.ValidatePackResponse{}
			}
			if tc.ctx == nil {
				tc.ctx = i.admin()
			}
			i.subscribers["provisioning"].says(tc.says, tc.refusal)
			for _, dry := range []bool{true, false} {
				tc.request.DryRun = dry
				_, err := i.client().ApplyPack(tc.ctx, tc.request)
				if !errors.Is(err, tc.want) {
					t.Fatalf("dry run %v: %v, want %v", dry, err, tc.want)
				}
				f, _ := fault.Of(err)
				for key, part := range tc.details {
					if !strings.Contains(f.Details[key], part) {
						t.Errorf("details %v, want %q to contain %q", f.Details, key, part)
					}
				}
			}
		})
	}
	if head := i.head(); head != 0 {
		t.Errorf("%d events were recorded", head)
	}
	if _, err := i.client().GetPack(i.admin(), &policyv1.GetPackRequest{}); !errors.Is(err, rpc.ErrNone) {
		t.Errorf("the pack that holds: %v", err)
	}
	if _, err := i.client().GetPack(i.admin(), &policyv1.GetPackRequest{Version: 1}); !errors.Is(err, packs.ErrUnknown) {
		t.Errorf("version 1: %v", err)
	}
}

func TestManyProblemsFitIntoTheAnswer(t *testing.T) {
	i := begin(t)
	var lines []string
	for n := range 3000 {
		lines = append(lines, fmt.Sprintf("unknown%d: 1", n))
	}
	_, err := i.client().ApplyPack(i.admin(), &policyv1.ApplyPackRequest{Body: body(1, noon, lines...)})
	f, ok := fault.Of(err)
	if !ok || f.Reason != rpc.ErrInvalid.Reason || len(f.Details) < 50 || f.Details["more"] == "" {
		t.Errorf("got %.200v", err)
	}
}

func TestADryRunShowsWhatWouldChange(t *testing.T) {
	i := begin(t)
	i.subscribers["access-request"].says(&policyv1.ValidatePackResponse{
		GrantsGiven: 4, GrantsTaken: 3, GrantsHeld: 20, Warnings: []*policyv1.PackProblem{{Message: "look at this"}},
	}, nil)
	a := i.apply(&policyv1.ApplyPackRequest{Body: body(1, noon, "functions: {security: [E1]}"), DryRun: true})
	if a.GetState() != "" || a.GetHeld() || a.GetGrantsGiven() != 4 || a.GetGrantsTaken() != 3 || a.GetGrantsHeld() != 20 || a.GetReason() == "" ||
		!slices.Contains(a.GetDiff(), "+ function security: holders E1") || len(a.GetWarnings()) != 1 || a.GetWarnings()[0].GetService() != "access-request" {
		t.Errorf("answer %v", a)
	}
	if head := i.head(); head != 0 {
		t.Errorf("%d events were recorded", head)
	}
}

func TestAPackThatTakesManyGrantsIsHeldUntilItsDigestIsConfirmed(t *testing.T) {
	i := begin(t)
	i.subscribers["access-request"].says(&policyv1.ValidatePackResponse{GrantsTaken: 3, GrantsHeld: 20}, nil)
	request := &policyv1.ApplyPackRequest{Body: body(1, noon)}
	for range 2 { // asked again, it is held again, and nothing new is recorded
		a := i.apply(request)
		if !a.GetHeld() || a.GetState() != "" || a.GetDigest() != pack.Digest(request.GetBody()) || a.GetReason() == "" || a.GetPosition() != 1 {
			t.Errorf("answer %v", a)
		}
		if got := i.events(1); !slices.Equal(got, []string{"PackHeld"}) {
			t.Errorf("events %v", got)
		}
	}
	request.Confirm = pack.Digest(request.GetBody())
	if a := i.apply(request); a.GetHeld() || a.GetState() != "active" {
		t.Errorf("answer %v", a)
	}
	if p := i.Stream("policy", packs.Stream(1))[1].Message.(*policyv1.PackPublished); !p.GetConfirmed() || p.GetGrantsTaken() != 3 {
		t.Errorf("published %v", p)
	}
}

func TestAPackOfALaterDayIsScheduled(t *testing.T) {
	i := begin(t)
	i.apply(&policyv1.ApplyPackRequest{Body: body(1, noon)})
	tomorrow := noon.Add(24 * time.Hour)
	if a := i.apply(&policyv1.ApplyPackRequest{Body: body(2, tomorrow)}); a.GetState() != "scheduled" {
		t.Errorf("answer %v", a)
	}
	if got := i.get(2).GetState(); got != "scheduled" {
		t.Errorf("it is %s", got)
	}
	if got := i.get(0).GetVersion(); got != 1 {
		t.Errorf("version %d holds", got)
	}
	i.Clock.Set(tomorrow)
	i.Eventually("active", func() bool { return i.get(0).GetVersion() == 2 })
	facts := i.Stream("policy", packs.Stream(2))
	last := facts[len(facts)-1]
	if _, ok := last.Message.(*policyv1.PackActivated); !ok || !last.EffectiveAt.Equal(tomorrow) || last.Causation.Position != facts[0].Position {
		t.Errorf("last %s from %v because of %v", last.Type, last.EffectiveAt, last.Causation)
	}
}

func TestApplySaysWhatIsMissingWhenTheWaitIsOver(t *testing.T) {
	i := begin(t)
	late := i.subscribers["access-request"]
	late.mu.Lock()
	late.gate = make(chan struct{})
	late.mu.Unlock()
	ctx, cancel := context.WithTimeout(i.admin(), 15*time.Second)
	defer cancel()
	request := &policyv1.ApplyPackRequest{Body: body(1, noon)}
	a, err := i.client().ApplyPack(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	if a.GetState() != "publishing" || len(a.GetWarnings()) == 0 || a.GetWarnings()[0].GetService() != "access-request" && len(a.GetWarnings()) == 1 {
		t.Errorf("answer %v", a)
	}
	close(late.gate)
	if a := i.apply(request); a.GetState() != "active" || len(a.GetWarnings()) > 0 {
		t.Errorf("asked again: %v", a)
	}
}

func TestApplySaysWhoCouldNotProcessThePack(t *testing.T) {
	i := begin(t)
	i.subscribers["provisioning"].fails = errors.New("cannot")
	a := i.apply(&policyv1.ApplyPackRequest{Body: body(1, noon)})
	if a.GetState() != "publishing" || len(a.GetWarnings()) != 1 || a.GetWarnings()[0].GetService() != "provisioning" {
		t.Errorf("answer %v", a)
	}
}

func TestARepeatedCommandAnswersWhatItDid(t *testing.T) {
	i := begin(t)
	first := &policyv1.ApplyPackRequest{Body: body(1, noon)}
	with := metadata.AppendToOutgoingContext(i.admin(), "command-id", "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e")
	if _, err := i.client().ApplyPack(with, first); err != nil {
		t.Fatal(err)
	}
	i.apply(&policyv1.ApplyPackRequest{Body: body(2, noon)})
	head := i.head()
	a, err := i.client().ApplyPack(with, first)
	if err != nil || a.GetVersion() != 1 || a.GetState() != "active" {
		t.Errorf("the repetition: %v, %v", a, err)
	}
	if _, err := i.client().ApplyPack(i.admin(), first); !errors.Is(err, packs.ErrVersionNotNext) {
		t.Errorf("a new command with an old pack: %v", err)
	}
	if _, err := i.client().ApplyPack(with, &policyv1.ApplyPackRequest{Body: body(1, noon, "functions: {security: [E1]}")}); !errors.Is(err, eventstore.ErrCommandReused) {
		t.Errorf("the same command id for something else: %v", err)
	}
	if i.head() != head {
		t.Error("something was recorded")
	}
}

func TestTwoWhoPublishTheSameVersionAtTheSameTime(t *testing.T) {
	i := begin(t)
	answers := make(chan error, 2)
	for n := range 2 {
		go func() {
			_, err := i.client().ApplyPack(i.admin(), &policyv1.ApplyPackRequest{Body: body(1, noon, fmt.Sprintf("functions: {security: [E%d]}", n))})
			answers <- err
		}()
	}
	var refused int
	for range 2 {
		if err := <-answers; errors.Is(err, packs.ErrVersionNotNext) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d were refused, want one", refused)
	}
	if got := i.events(1); len(got) != 6 {
		t.Errorf("events %v", got)
	}
}
