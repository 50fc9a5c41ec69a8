package holdings_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

var (
	noon   = tuesday.Add(12 * time.Hour)
	summer = monday.AddDate(0, 6, 0)
)

func offered(role string) *holdings.Offer {
	return &holdings.Offer{
		Application: "orders", Role: role, TitleZH: "订单库：" + role, Level: "B", Owner: "E31", Target: "orders-db", Latest: noon.AddDate(1, 0, 0),
	}
}

// asks is a request for a role of orders until summer.
func asks(role string, change ...func(*holdings.SubmitRequest)) holdings.SubmitRequest {
	c := holdings.SubmitRequest{
		RequestID: "req_" + role, Number: "AR-2026-000001", CaseID: "case_" + role, RequesterID: "per_1", RequesterNumber: "E1",
		Offer: offered(role), Application: "orders", Role: role, Reason: "月末对账", Until: summer, Pack: packOne, Now: noon, Zone: time.UTC,
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func requested(role string, change ...func(*accessv1.AccessRequested)) *accessv1.AccessRequested {
	e := &accessv1.AccessRequested{
		PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_" + role, Number: "AR-2026-000001", RequesterId: "per_1", RequesterNumber: "E1",
		Application: "orders", Role: role, Reason: "月末对账", ValidUntil: timestamppb.New(summer), PackVersion: 1,
	}
	for _, f := range change {
		f(e)
	}
	return e
}

// required is what a request asks of approval, as the decider says it.
func required(t *testing.T, c holdings.SubmitRequest, given ...proto.Message) *accessv1.AccessApprovalRequired {
	t.Helper()
	var s holdings.State
	for _, e := range given {
		s = holdings.Evolve(s, e)
	}
	events, err := holdings.Decide(s, c)
	if err != nil || len(events) != 2 {
		t.Fatalf("%v, %v", events, err)
	}
	return events[1].(*accessv1.AccessApprovalRequired)
}

func here() *accessv1.PostNoted { return noted(10, monday, "P1", true) }

// signed is a person who works here and whose request for a role awaits
// signatures.
func signed(t *testing.T, role string, more ...proto.Message) []proto.Message {
	t.Helper()
	return append([]proto.Message{here(), requested(role), required(t, asks(role), here())}, more...)
}

func outcome(role string, o holdings.Outcome, change ...func(*holdings.RecordOutcome)) holdings.RecordOutcome {
	c := holdings.RecordOutcome{CaseID: "case_" + role, Outcome: o, GrantID: "grt_9", Offer: offered(role), Pack: packOne, Now: noon}
	for _, f := range change {
		f(&c)
	}
	return c
}

func approved(role string) *accessv1.AccessRequestApproved {
	return &accessv1.AccessRequestApproved{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_" + role, CaseId: "case_" + role}
}

func given(role string, at time.Time) *accessv1.GrantIssued {
	return &accessv1.GrantIssued{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_9", Account: "E1", Application: "orders", Role: role, Kind: "standard",
		EffectiveAt: timestamppb.New(at), ValidUntil: timestamppb.New(summer), Reason: "月末对账", Rule: "AR-2026-000001", Target: "orders-db",
		PackVersion: 1, RequestId: "req_" + role,
	}
}

func refusal(role, reason, detail string) *accessv1.AccessRequestRefused {
	return &accessv1.AccessRequestRefused{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_" + role, Reason: reason, Detail: detail}
}

func withdrawal(role, reason string) *accessv1.AccessRequestWithdrawn {
	return &accessv1.AccessRequestWithdrawn{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_" + role, CaseId: "case_" + role, Reason: reason}
}

// Covers: ACR-039, ACR-057
func TestARequestAsksForSignatures(t *testing.T) {
	t.Parallel()
	c := asks("writer")
	ask := required(t, c, here())
	testkit.Rule(t, decider).Given(here()).When(c).Then(requested("writer"), ask)
	a := ask.GetAsk()
	if a.GetCaseId() != "case_writer" || a.GetKind() != holdings.AskKind || a.GetBeneficiary().GetPersonId() != "per_1" ||
		a.GetRequester().GetPersonId() != "per_1" || a.GetRole().GetOwner() != "E31" || a.GetPost().GetPosition() != "engineer" {
		t.Errorf("ask is %v", a)
	}
	shown := map[string]string{}
	for _, l := range a.GetShown() {
		shown[l.GetLabel()] = l.GetValue()
	}
	for label, want := range map[string]string{
		"Role": "orders/writer", "For": "E1", "Reason": "月末对账", "Until": "2026-07-04 24:00", "Unit": "总部 / 研发部", "Level": "B", "From": "",
	} {
		if shown[label] != want {
			t.Errorf("signers are shown %s = %q, want %q", label, shown[label], want)
		}
	}
}

// What signers are shown has another digest as soon as it says anything else.
func TestTheDigestIsOfWhatIsShown(t *testing.T) {
	t.Parallel()
	first := required(t, asks("writer"), here()).GetAsk().GetDigest()
	if again := required(t, asks("writer"), here()).GetAsk().GetDigest(); again != first || len(first) != 64 {
		t.Errorf("the same form has the digests %s and %s", first, again)
	}
	for name, change := range map[string]func(*holdings.SubmitRequest){
		"reason":    func(c *holdings.SubmitRequest) { c.Reason = "月末对账。" },
		"end":       func(c *holdings.SubmitRequest) { c.Until = c.Until.Add(time.Second) },
		"beginning": func(c *holdings.SubmitRequest) { c.From = noon.Add(time.Hour) },
		"requester": func(c *holdings.SubmitRequest) { c.RequesterNumber = "E2" },
		"level":     func(c *holdings.SubmitRequest) { c.Offer.Level = "A" },
		"privilege": func(c *holdings.SubmitRequest) { c.Offer.Privileged = true },
	} {
		if other := required(t, asks("writer", change), here()).GetAsk().GetDigest(); other == first {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

// Covers: ACR-030, ACR-039, ACR-057, ACR-060
func TestARequestThatFailsTheScreeningIsRefused(t *testing.T) {
	t.Parallel()
	lasting := given("writer", monday)
	for name, c := range map[string]struct {
		given []proto.Message
		when  holdings.SubmitRequest
		want  error
	}{
		"a role that is not offered": {[]proto.Message{here()}, asks("writer", func(c *holdings.SubmitRequest) { c.Offer = nil }), holdings.ErrRoleNotOffered},
		"nobody knows the person":    {nil, asks("writer"), holdings.ErrNotEmployed},
		"the person has left":        {[]proto.Message{noted(11, monday, "P1", false)}, asks("writer"), holdings.ErrNotEmployed},
		"no reason":                  {[]proto.Message{here()}, asks("writer", func(c *holdings.SubmitRequest) { c.Reason = " \n" }), holdings.ErrReasonMissing},
		"an endless reason": {[]proto.Message{here()}, asks("writer", func(c *holdings.SubmitRequest) {
			c.Reason = strings.Repeat("因", 1001)
		}), holdings.ErrReasonTooLong},
		"an end that has passed": {[]proto.Message{here()}, asks("writer", func(c *holdings.SubmitRequest) { c.Until = noon }), holdings.ErrPeriod},
		"an end before the beginning": {[]proto.Message{here()}, asks("writer", func(c *holdings.SubmitRequest) {
			c.From = summer
		}), holdings.ErrPeriod},
		"too long": {[]proto.Message{here()}, asks("writer", func(c *holdings.SubmitRequest) {
			c.Until = c.Offer.Latest.Add(time.Second)
		}), holdings.ErrPeriodTooLong},
		"asked for already": {signed(t, "writer"), asks("writer", func(c *holdings.SubmitRequest) { c.RequestID = "req_2" }), holdings.ErrRequestOpen},
		"postponed":         {signed(t, "writer", &accessv1.AccessRequestPostponed{RequestId: "req_writer"}), asks("writer"), holdings.ErrRequestOpen},
		"a birthright":      {[]proto.Message{here(), issued("grt_1", "writer", holdings.ReasonEmployment, monday, 1)}, asks("writer"), holdings.ErrHeldAlready},
		"held until then":   {[]proto.Message{here(), lasting}, asks("writer"), holdings.ErrHeldAlready},
		"kept apart from what is held": {
			[]proto.Message{here(), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1)},
			asks("writer", func(c *holdings.SubmitRequest) { c.Duties = separated }), holdings.ErrDutyConflict},
		"kept apart from what is asked for": {signed(t, "reader"), asks("writer", func(c *holdings.SubmitRequest) { c.Duties = separated }), holdings.ErrDutyConflict},
		"kept apart from what begins later": {
			signed(t, "reader", &accessv1.AccessRequestApproved{RequestId: "req_reader", BeginsAt: timestamppb.New(summer)}),
			asks("writer", func(c *holdings.SubmitRequest) { c.Duties = separated }), holdings.ErrDutyConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(c.given...).When(c.when).ThenRefused(c.want)
		})
	}
}

func TestWhatCameToNothingMayBeAskedForAgain(t *testing.T) {
	t.Parallel()
	again := asks("writer", func(c *holdings.SubmitRequest) { c.RequestID = "req_2" })
	for name, end := range map[string]proto.Message{
		"refused": refusal("writer", "refused", ""), "withdrawn": withdrawal("writer", holdings.WithdrawnByRequester),
		"returned": &accessv1.AccessRequestReturned{RequestId: "req_writer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(signed(t, "writer", end)...).When(again).
				Then(requested("writer", func(e *accessv1.AccessRequested) { e.RequestId = "req_2" }), func() proto.Message {
					e := required(t, again, here())
					return e
				}())
		})
	}
}

// Covers: ACR-058, ACR-059, APR-001
func TestWhatWasSignedIsGiven(t *testing.T) {
	t.Parallel()
	t.Run("at once, with its end", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(signed(t, "writer")...).
			When(outcome("writer", holdings.OutcomeGranted)).Then(approved("writer"), given("writer", noon)).
			When(outcome("writer", holdings.OutcomeGranted)).ThenNothing().
			When(holdings.ConfirmActive{GrantID: "grt_9"}).Then(activatedUntil("grt_9", "writer", summer), &accessv1.AccessRequestFulfilled{
			PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_writer", GrantId: "grt_9",
		})
	})
	t.Run("an administrator's right is marked", func(t *testing.T) {
		t.Parallel()
		grant := given("writer", noon)
		grant.Kind = holdings.KindPrivileged
		testkit.Rule(t, decider).Given(signed(t, "writer")...).
			When(outcome("writer", holdings.OutcomeGranted, func(c *holdings.RecordOutcome) { c.Offer.Privileged = true })).
			Then(approved("writer"), grant)
	})
	t.Run("a direct authorisation stays marked", func(t *testing.T) {
		t.Parallel()
		direct := approved("writer")
		direct.Direct = true
		testkit.Rule(t, decider).Given(signed(t, "writer")...).
			When(outcome("writer", holdings.OutcomeGranted, func(c *holdings.RecordOutcome) { c.Direct = true })).
			Then(direct, given("writer", noon))
	})
	t.Run("on its day", func(t *testing.T) {
		t.Parallel()
		later := noon.AddDate(0, 1, 0)
		wish := func(c *holdings.SubmitRequest) { c.From = later }
		waits := approved("writer")
		waits.BeginsAt = timestamppb.New(later)
		begin := func(now time.Time) holdings.BeginGrant {
			return holdings.BeginGrant{RequestID: "req_writer", GrantID: "grt_9", Offer: offered("writer"), Pack: packOne, Now: now}
		}
		testkit.Rule(t, decider).
			Given(here(), requested("writer", func(e *accessv1.AccessRequested) { e.ValidFrom = timestamppb.New(later) }), required(t, asks("writer", wish), here())).
			When(outcome("writer", holdings.OutcomeGranted)).Then(waits).
			When(begin(later.Add(-time.Second))).ThenNothing().
			When(begin(later.Add(time.Hour))).Then(given("writer", later)).
			When(begin(later.Add(time.Hour))).ThenNothing()
	})
}

// Covers: ACR-030, APR-001
func TestWhatWasSignedIsNotGivenIfItWouldBeWrongByNow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		since  []proto.Message
		change func(*holdings.RecordOutcome)
		want   *accessv1.AccessRequestRefused
	}{
		"the other half was given": {
			[]proto.Message{issued("grt_1", "reader", holdings.ReasonMatrix, noon, 1)},
			func(c *holdings.RecordOutcome) { c.Duties = separated }, refusal("writer", holdings.ReasonDutyRule, "read-write: orders/reader")},
		"the role is gone":   {nil, func(c *holdings.RecordOutcome) { c.Offer = nil }, refusal("writer", holdings.ReasonCatalogue, "")},
		"its end has passed": {nil, func(c *holdings.RecordOutcome) { c.Now = summer }, refusal("writer", holdings.ReasonLate, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, decider).Given(signed(t, "writer", c.since...)...).When(outcome("writer", holdings.OutcomeGranted, c.change)).Then(c.want)
		})
		t.Run(name+", on the day that it begins", func(t *testing.T) {
			t.Parallel()
			o := outcome("writer", holdings.OutcomeGranted, c.change)
			waits := approved("writer")
			waits.BeginsAt = timestamppb.New(noon)
			testkit.Rule(t, decider).Given(signed(t, "writer", append(c.since, waits)...)...).
				When(holdings.BeginGrant{RequestID: "req_writer", GrantID: "grt_9", Offer: o.Offer, Duties: o.Duties, Pack: packOne, Now: o.Now}).Then(c.want)
		})
	}
}

// Covers: APR-005
func TestEveryOtherOutcomeIsTold(t *testing.T) {
	t.Parallel()
	comment := func(c *holdings.RecordOutcome) { c.Comment, c.Until = "写清用途", summer }
	for o, want := range map[holdings.Outcome]proto.Message{
		holdings.OutcomeRefused:  refusal("writer", "refused", "写清用途"),
		holdings.OutcomeLapsed:   refusal("writer", "lapsed", "写清用途"),
		holdings.OutcomeOver:     refusal("writer", "over", "写清用途"),
		holdings.OutcomeNoSigner: refusal("writer", "no_signer", "写清用途"),
		holdings.OutcomeReturned: &accessv1.AccessRequestReturned{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_writer", Comment: "写清用途"},
		holdings.OutcomePostponed: &accessv1.AccessRequestPostponed{
			PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_writer", Until: timestamppb.New(summer)},
	} {
		t.Run(string(o), func(t *testing.T) {
			t.Parallel()
			s := testkit.Rule(t, decider).Given(signed(t, "writer")...).When(outcome("writer", o, comment)).Then(want)
			if o == holdings.OutcomePostponed { // it goes on
				s.When(outcome("writer", holdings.OutcomeGranted)).Then(approved("writer"), given("writer", noon))
				return
			}
			s.When(outcome("writer", holdings.OutcomeGranted)).ThenNothing()
		})
	}
	t.Run("of a case that nobody here asked for", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(here()).When(outcome("writer", holdings.OutcomeGranted)).ThenNothing()
	})
}

func TestWithdrawing(t *testing.T) {
	t.Parallel()
	withdraw := holdings.WithdrawRequest{RequestID: "req_writer"}
	testkit.Rule(t, decider).Given(signed(t, "writer")...).
		When(withdraw).Then(withdrawal("writer", holdings.WithdrawnByRequester)).
		When(withdraw).ThenNothing().
		When(outcome("writer", holdings.OutcomeGranted)).ThenNothing()
	testkit.Rule(t, decider).Given(here()).When(withdraw).ThenRefused(holdings.ErrRequestUnknown)
	testkit.Rule(t, decider).Given(signed(t, "writer", refusal("writer", "refused", ""))...).When(withdraw).ThenRefused(holdings.ErrRequestClosed)
	testkit.Rule(t, decider).Given(signed(t, "writer", approved("writer"), given("writer", noon))...).When(withdraw).ThenRefused(holdings.ErrRequestClosed)
}

// Covers: ACR-042, ACR-067, IDN-025
func TestWhoeverMovesOrLeavesGivesUpWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	held := append(signed(t, "writer"), given("reader", monday), activated("grt_9", "reader"))
	t.Run("leaves", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(held...).When(leaves(11, wednesday)).Then(
			noted(11, wednesday, "P1", false), withdrawal("writer", holdings.WithdrawnByLeaver),
			revoked("grt_9", "reader", holdings.ReasonLeaver, holdings.RuleEmployment, wednesday, 0))
	})
	t.Run("moves", func(t *testing.T) {
		t.Parallel()
		moved := noted(11, wednesday, "P1", true)
		moved.Unit = []string{"总部", "财务部"}
		move := engineer(11, wednesday, "P1", packOne, right("auditor", "grt_3"))
		move.Unit = moved.GetUnit()
		testkit.Rule(t, decider).Given(held...).When(move).Then(
			moved, withdrawal("writer", holdings.WithdrawnByTransfer),
			revoked("grt_9", "reader", holdings.ReasonTransfer, "AR-2026-000001", wednesday, 0),
			issued("grt_3", "auditor", holdings.ReasonTransfer, wednesday, 1))
	})
	t.Run("changes project only, and keeps it", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(held...).When(engineer(11, wednesday, "P2", packOne)).Then(noted(11, wednesday, "P2", true))
	})
}

// Covers: ACR-060
func TestAGrantEndsOnTimeUnlessItIsRenewed(t *testing.T) {
	t.Parallel()
	before := append(signed(t, "writer"), approved("writer"), given("writer", noon), activated("grt_9", "writer"))
	notice := holdings.NoticeAt(noon, summer)
	noticed := &accessv1.GrantExpiryNoticed{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_9", Application: "orders", Role: "writer", ValidUntil: timestamppb.New(summer),
	}
	expired := &accessv1.GrantExpired{
		PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_9", Account: "E1", Application: "orders", Role: "writer", Target: "orders-db",
		EffectiveAt: timestamppb.New(summer),
	}
	t.Run("noticed, then over, then gone", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(before...).
			When(holdings.NoticeExpiry{GrantID: "grt_9", Now: notice.Add(-time.Second)}).ThenNothing().
			When(holdings.NoticeExpiry{GrantID: "grt_9", Now: notice}).Then(noticed).
			When(holdings.NoticeExpiry{GrantID: "grt_9", Now: notice.Add(time.Hour)}).ThenNothing().
			When(holdings.Expire{GrantID: "grt_9", Now: summer.Add(-time.Second)}).ThenNothing().
			When(holdings.Expire{GrantID: "grt_9", Now: summer}).Then(expired).
			When(holdings.Expire{GrantID: "grt_9", Now: summer}).ThenNothing().
			When(holdings.ConfirmRemoved{GrantID: "grt_9"}).Then(removed("grt_9", "writer"))
	})
	t.Run("renewed", func(t *testing.T) {
		t.Parallel()
		autumn := summer.AddDate(0, 3, 0)
		again := asks("writer", func(c *holdings.SubmitRequest) { c.RequestID, c.CaseID, c.Until = "req_2", "case_2", autumn })
		renewal := requested("writer", func(e *accessv1.AccessRequested) {
			e.RequestId, e.ValidUntil, e.Renews = "req_2", timestamppb.New(autumn), "grt_9"
		})
		longer := expired
		testkit.Rule(t, decider).Given(before...).
			When(again).Then(renewal, required(t, again, before...)).
			When(holdings.RecordOutcome{CaseID: "case_2", Outcome: holdings.OutcomeGranted, GrantID: "grt_10", Offer: offered("writer"), Pack: packOne, Now: noon}).
			Then(
				&accessv1.AccessRequestApproved{PersonId: "per_1", EmployeeNumber: "E1", RequestId: "req_2", CaseId: "case_2"},
				&accessv1.GrantRenewed{
					PersonId: "per_1", EmployeeNumber: "E1", GrantId: "grt_9", Application: "orders", Role: "writer",
					ValidUntil: timestamppb.New(autumn), RequestId: "req_2", BeganAt: timestamppb.New(noon),
				}).
			When(holdings.Expire{GrantID: "grt_9", Now: summer}).ThenNothing().
			When(holdings.Expire{GrantID: "grt_9", Now: autumn}).Then(func() proto.Message {
			e := proto.CloneOf(longer)
			e.EffectiveAt = timestamppb.New(autumn)
			return e
		}())
	})
	t.Run("a birthright has no end", func(t *testing.T) {
		t.Parallel()
		testkit.Rule(t, decider).Given(here(), issued("grt_1", "reader", holdings.ReasonEmployment, monday, 1)).
			When(holdings.Expire{GrantID: "grt_1", Now: summer}).ThenNothing().
			When(holdings.NoticeExpiry{GrantID: "grt_1", Now: summer}).ThenNothing()
	})
}

func TestNoticeIsGivenInTime(t *testing.T) {
	t.Parallel()
	for days, want := range map[int]int{365: 335, 120: 90, 100: 75, 4: 3} {
		if got := holdings.NoticeAt(monday, monday.AddDate(0, 0, days)); !got.Equal(monday.AddDate(0, 0, want)) {
			t.Errorf("of %d days notice is given at %v, want day %d", days, got, want)
		}
	}
}

// Of two requests that exclude each other the one is given that is signed first.
//
// Covers: ACR-030
func TestOfTwoHalvesOneIsGiven(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]string{{"reader", "writer"}, {"writer", "reader"}} {
		var s holdings.State
		// Both were asked for while no rule spoke against it.
		for _, e := range append(signed(t, "reader"), requested("writer"), required(t, asks("writer"), here())) {
			s = holdings.Evolve(s, e)
		}
		for _, role := range order {
			s = decided(t, s, outcome(role, holdings.OutcomeGranted, func(c *holdings.RecordOutcome) { c.Duties, c.GrantID = separated, "grt_"+role }))
			if got := roles(s); !slices.Equal(got, []string{"orders/" + order[0]}) {
				t.Errorf("signed %v: after %s %v are held", order, role, got)
			}
		}
	}
}
