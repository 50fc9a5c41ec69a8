package identity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// entry is one CloudEvent of the lifecycle feed.
type entry struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Subject  string `json:"subject"`
	Sequence string `json:"sequence"`
	Data     struct {
		Account     string `json:"account"`
		Application string `json:"application"`
		Role        string `json:"role"`
		GrantID     string `json:"grant_id"`
		ValidUntil  string `json:"valid_until"`
		Reason      string `json:"reason"`
		Cause       *struct {
			Service  string `json:"service"`
			Position int64  `json:"position"`
		} `json:"cause"`
	} `json:"data"`
}

// Covers: ACR-070, OPS-007
func TestTheLifecycleFeedTellsOfAccountsAndGrants(t *testing.T) {
	i := install(t)
	added, err := i.people().AddClient(i.admin, &identityv1.AddClientRequest{Name: "wiki", Feed: "lifecycle"})
	if err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang+lilei)
	person := i.person("E1042")
	until := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	i.says("access-request", "holdings-"+person.GetPersonId(), &accessrequestv1.GrantActivated{
		PersonId: person.GetPersonId(), EmployeeNumber: "E1042", Account: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader", ValidUntil: timestamppb.New(until),
	})
	for _, e := range []proto.Message{
		&accessrequestv1.GrantSuspended{
			PersonId: person.GetPersonId(), EmployeeNumber: "E1042", Account: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader", Reason: "投诉王小明",
		},
		&accessrequestv1.GrantSuspensionConfirmed{
			PersonId: person.GetPersonId(), EmployeeNumber: "E1042", Account: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader",
		},
		&accessrequestv1.GrantRenewed{
			PersonId: person.GetPersonId(), EmployeeNumber: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader", ValidUntil: timestamppb.New(until), Suspended: true,
		},
		&accessrequestv1.GrantReinstated{
			PersonId: person.GetPersonId(), EmployeeNumber: "E1042", Account: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader",
		},
		&accessrequestv1.GrantActivated{
			PersonId: person.GetPersonId(), EmployeeNumber: "E1042", Account: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader", ValidUntil: timestamppb.New(until),
		},
	} {
		i.says("access-request", "holdings-"+person.GetPersonId(), e)
	}
	i.must(plain(), header+wang)
	i.says("access-request", "holdings-"+person.GetPersonId(), &accessrequestv1.GrantRevoked{
		PersonId: person.GetPersonId(), EmployeeNumber: "E1042", Account: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader", Reason: "departure",
	})
	i.says("access-request", "holdings-"+person.GetPersonId(), &accessrequestv1.GrantRemovalConfirmed{
		PersonId: person.GetPersonId(), EmployeeNumber: "E1042", Account: "E1042", GrantId: "grt_1", Application: "orders", Role: "reader",
	})
	client := bearer(t.Context(), added.GetToken())
	var all []entry
	for after := int64(0); ; {
		r, err := i.people().ReadLifecycle(client, &identityv1.ReadLifecycleRequest{After: after, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.GetEvents()) == 0 {
			break
		}
		for _, s := range r.GetEvents() {
			var e entry
			b, err := s.MarshalJSON()
			if err != nil || json.Unmarshal(b, &e) != nil {
				t.Fatalf("%v %s", err, b)
			}
			all = append(all, e)
		}
		after = r.GetNext()
	}
	of, gone := map[string][]string{}, []string{}
	for n, e := range all {
		if e.Sequence != fmt.Sprint(n+1) || e.ID != fmt.Sprintf("lifecycle-%d", n+1) {
			t.Fatalf("entry %d is %s, number %s", n+1, e.ID, e.Sequence)
		}
		of[e.Subject] = append(of[e.Subject], e.Type)
		if e.Type == "ostiary.grant.activated.v1" && (e.Data.ValidUntil != until.Format(time.RFC3339) || e.Data.Application != "orders" || e.Data.GrantID != "grt_1") {
			t.Errorf("the grant is told as %+v", e.Data)
		}
		if e.Type == "ostiary.grant.revoked.v1" || e.Type == "ostiary.grant.removed.v1" {
			gone = append(gone, e.Data.Reason)
		}
		if e.Type == "ostiary.account.suspended.v1" && (e.Data.Cause == nil || e.Data.Cause.Service != "identity" || e.Data.Reason != "departure") {
			t.Errorf("the suspension is told as %+v", e.Data)
		}
	}
	want := []string{
		"ostiary.account.opened.v1", "ostiary.account.activated.v1", "ostiary.grant.activated.v1",
		"ostiary.grant.revoked.v1", "ostiary.grant.removed.v1", "ostiary.grant.activated.v1", "ostiary.account.suspended.v1",
		"ostiary.grant.revoked.v1", "ostiary.grant.removed.v1",
	}
	if fmt.Sprint(of["E1042"]) != fmt.Sprint(want) {
		t.Errorf("of E1042 the feed tells %v, want %v", of["E1042"], want)
	}
	if got, want := fmt.Sprintf("%q", gone), `["suspended" "suspended" "departure" ""]`; got != want {
		t.Errorf("the right is gone because of %s, want %s", got, want)
	}

	// A reader that waits is answered as soon as there is something.
	answered := make(chan int64, 1)
	go func() {
		r, err := i.people().ReadLifecycle(client, &identityv1.ReadLifecycleRequest{After: int64(len(all)), Wait: durationpb.New(50 * time.Second)})
		if err != nil {
			t.Error(err)
		}
		answered <- r.GetNext()
	}()
	i.must(plain(), header+wang+lilei)
	if next := <-answered; next <= int64(len(all)) {
		t.Errorf("the reader that waited was answered up to %d", next)
	}
}

// Covers: OPS-007
func TestTheLifecycleFeedAdmitsItsClientsOnly(t *testing.T) {
	i := install(t)
	hr, err := i.people().AddClient(i.admin, &identityv1.AddClientRequest{Name: "payroll", Feed: "hr", Source: "peoplesoft"})
	if err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang)
	issued, err := i.people().IssueCredential(i.admin, &identityv1.IssueCredentialRequest{Account: "E1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.enter("E1", issued.GetPassword(), "Another-Horse-8"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"nobody":              {t.Context(), "SIGN_IN_REQUIRED"},
		"a client of hr":      {bearer(t.Context(), "ostc_payroll."+hr.GetPassword()), "SIGN_IN_REQUIRED"},
		"a wrong secret":      {bearer(t.Context(), "ostc_payroll.guess"), "SIGN_IN_REQUIRED"},
		"a token of nothing":  {bearer(t.Context(), "ostc_"), "SIGN_IN_REQUIRED"},
		"an employee":         {i.signIn("E1", "Another-Horse-8"), "NOT_ADMITTED"},
		"an administrator":    {i.admin, reason(nil)},
		"an unknown client":   {bearer(t.Context(), "ostc_wiki."+hr.GetPassword()), "SIGN_IN_REQUIRED"},
		"a spoilt token":      {bearer(t.Context(), "x"), "SIGN_IN_REQUIRED"},
		"a password as token": {bearer(t.Context(), hr.GetPassword()), "SIGN_IN_REQUIRED"},
	} {
		if _, err := i.people().ReadLifecycle(c.ctx, &identityv1.ReadLifecycleRequest{}); reason(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// Covers: OPS-007
func TestTheLifecycleStreamIsFilledAgainUnderTheSameNumbers(t *testing.T) {
	i := install(t)
	if _, err := i.people().AddClient(i.admin, &identityv1.AddClientRequest{Name: "wiki", Feed: "lifecycle"}); err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang+lilei)
	h := i.hrSystem()
	stream := func(n uint64) map[uint64]string {
		t.Helper()
		bodies := map[uint64]string{}
		i.eventually(fmt.Sprintf("%d entries on the bus", n), func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			s, err := h.js.Stream(ctx, "LIFECYCLE")
			if err != nil || s.CachedInfo().State.LastSeq < n {
				return false
			}
			for seq := uint64(1); seq <= n; seq++ {
				m, err := s.GetMsg(ctx, seq)
				if err != nil {
					return false
				}
				bodies[seq] = m.Subject + " " + string(m.Data)
			}
			return true
		})
		return bodies
	}
	before := stream(4)
	if err := h.js.DeleteStream(t.Context(), "LIFECYCLE"); err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang)
	after := stream(5)
	for n, body := range before {
		if after[n] != body {
			t.Errorf("entry %d was %s and is %s", n, body, after[n])
		}
	}
	i.eventually("the reader's place is there again", func() bool {
		_, err := h.js.Consumer(t.Context(), "LIFECYCLE", "wiki-3")
		return err == nil
	})
}
