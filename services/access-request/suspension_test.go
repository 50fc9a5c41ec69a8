package accessrequest_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"
)

// holds gives E1 the role reader of orders, read back.
func (s asking) holds() *accessv1.Grant {
	s.t.Helper()
	q := s.submits("E1", ask("reader"))
	s.decided(q.GetCaseId(), granted(q.GetCaseId()))
	s.completes("E1")
	return s.list(&accessv1.ListGrantsRequest{EmployeeNumber: "E1"})[0]
}

func (s asking) suspends(grant string, until time.Time) {
	s.t.Helper()
	r := &accessv1.SuspendGrantRequest{GrantId: grant, Reason: "核查中"}
	if !until.IsZero() {
		r.Until = timestamppb.New(until)
	}
	if a, err := s.client().SuspendGrant(s.As("E9", "access-admin"), r); err != nil || a.GetPosition() == 0 {
		s.t.Fatalf("suspend: %v, %v", a, err)
	}
}

func (s asking) reinstates(grant string) {
	s.t.Helper()
	a, err := s.client().ReinstateGrant(s.As("E9", "access-admin"), &accessv1.ReinstateGrantRequest{GrantId: grant, Reason: "核查完毕"})
	if err != nil || a.GetPosition() == 0 {
		s.t.Fatalf("reinstate: %v, %v", a, err)
	}
}

// check asks whether E1 may read, and answers "yes" or why not.
func (s asking) check() string {
	s.t.Helper()
	r, err := s.client().CheckAccess(s.AsService("identity"), &accessv1.CheckAccessRequest{Account: "E1", Application: "orders", Role: "reader"})
	if err != nil {
		s.t.Fatal(err)
	}
	if r.GetAllowed() {
		return "yes"
	}
	return r.GetReason()
}

// Covers: ACR-033, ACR-070, AUD-001
func TestASuspendedGrantIsDeniedShownAndComesBack(t *testing.T) {
	s := beginAsking(t)
	grant := s.holds()
	person := func() *accessv1.ListGrantsRequest { return &accessv1.ListGrantsRequest{EmployeeNumber: "E1"} }
	at := func(d time.Time) *accessv1.ListGrantsRequest {
		r := person()
		r.At = timestamppb.New(d)
		return r
	}
	steps := []struct {
		do           func()
		state, check string
	}{
		{func() {}, "reader active", "yes"},
		{func() { s.suspends(grant.GetGrantId(), time.Time{}) }, "reader suspending", "suspended_grant"},
		{func() { s.completes("E1") }, "reader suspended", "suspended_grant"},
		{func() { s.reinstates(grant.GetGrantId()) }, "reader issued", "not_confirmed"},
		{func() { s.completes("E1") }, "reader active", "yes"},
		{func() { s.suspends(grant.GetGrantId(), time.Time{}) }, "reader suspending", "suspended_grant"},
	}
	for n, step := range steps {
		s.Clock.Set(noon.Add(time.Duration(n+1) * time.Hour))
		step.do()
		s.expect(fmt.Sprint("step ", n), person(), step.state)
		if got := s.check(); got != step.check {
			t.Errorf("step %d: check says %s, want %s", n, got, step.check)
		}
		events := s.Stream("access-request", "holdings-per_E1")
		if got := s.list(person())[0].GetPosition(); n > 0 && got != events[len(events)-1].Position {
			t.Errorf("step %d: the state is of position %d, want %d", n, got, events[len(events)-1].Position)
		}
	}
	for n, step := range steps { // as it was then, and as it was known then
		then := noon.Add(time.Duration(n+1)*time.Hour + time.Minute)
		s.expect(fmt.Sprint("later, of step ", n), at(then), step.state)
		known := person()
		known.KnownAt = timestamppb.New(then)
		s.expect(fmt.Sprint("known at step ", n), known, step.state)
	}
	for _, f := range s.Stream("access-request", "holdings-per_E1") {
		if e, ok := f.Message.(*accessv1.GrantSuspended); ok && (f.Actor != "E9" || e.GetReason() != "核查中" || !f.EffectiveAt.Equal(f.RecordedAt)) {
			t.Errorf("suspended by %s because of %q, effective %v", f.Actor, e.GetReason(), f.EffectiveAt)
		}
	}
	runtime := runtimev1.NewRuntimeServiceClient(s.Conn("access-request"))
	before := s.list(person())
	if _, err := runtime.RebuildProjection(s.As("root", "admin"), &runtimev1.RebuildProjectionRequest{Service: "access-request", Projection: "grants"}); err != nil {
		t.Fatal(err)
	}
	if after := s.list(person()); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("rebuilt %v, incremental %v", after, before)
	}
	for n, step := range steps {
		s.expect(fmt.Sprint("rebuilt, of step ", n), at(noon.Add(time.Duration(n+1)*time.Hour+time.Minute)), step.state)
	}
}

// Covers: ACR-070
func TestASuspensionEndsWhenItsTimeComesAndEndsWithItsGrant(t *testing.T) {
	s := beginAsking(t)
	grant := s.holds()
	person := &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}
	until := day(20)
	s.suspends(grant.GetGrantId(), until)
	s.completes("E1")
	s.Clock.Set(until.Add(-time.Second))
	s.expect("before its end", person, "reader suspended")
	s.Clock.Set(until)
	s.Eventually("it comes back", func() bool { return shown(s.list(person)) == "reader issued" })
	s.completes("E1")
	s.expect("back", person, "reader active")

	s.suspends(grant.GetGrantId(), time.Time{})
	s.completes("E1")
	s.Clock.Set(day(10).AddDate(0, 2, 0))
	s.Eventually("the grant ends while it is suspended", func() bool { return shown(s.list(person)) == "reader revoking" })
	s.completes("E1")
	s.expect("gone", person, "")
}

// Covers: ACR-070
func TestWhoSuspendsWhat(t *testing.T) {
	s := beginAsking(t)
	grant := s.holds().GetGrantId()
	for name, tc := range map[string]struct {
		who, grant, reason string
		until              *timestamppb.Timestamp
		want               string
	}{
		"the own grant":   {"E1", grant, "核查中", nil, "GRANT_OWN"},
		"no such grant":   {"E9", "grt_7", "核查中", nil, "GRANT_NOT_FOUND"},
		"only blanks":     {"E9", grant, "  ", nil, "GRANT_REASON_MISSING"},
		"until yesterday": {"E9", grant, "核查中", timestamppb.New(day(9)), "SUSPENSION_UNTIL_PAST"},
		"until no day":    {"E9", grant, "核查中", &timestamppb.Timestamp{Seconds: 1 << 60}, "SUSPENSION_UNTIL_INVALID"},
	} {
		_, err := s.client().SuspendGrant(s.As(tc.who, "access-admin"), &accessv1.SuspendGrantRequest{GrantId: tc.grant, Reason: tc.reason, Until: tc.until})
		if got := reasonOf(err); got != tc.want {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	if _, err := s.client().ReinstateGrant(s.As("E9", "access-admin"), &accessv1.ReinstateGrantRequest{GrantId: grant, Reason: "核查完毕"}); reasonOf(err) != "GRANT_NOT_SUSPENDED" {
		t.Errorf("what is not suspended: %v", err)
	}
	if _, err := s.client().ReinstateGrant(s.As("E9", "access-admin"), &accessv1.ReinstateGrantRequest{GrantId: "grt_7", Reason: "核查完毕"}); reasonOf(err) != "GRANT_NOT_FOUND" {
		t.Errorf("what there is not: %v", err)
	}
	s.suspends(grant, time.Time{})
	if _, err := s.client().ReinstateGrant(s.As("E1", "access-admin"), &accessv1.ReinstateGrantRequest{GrantId: grant, Reason: "核查完毕"}); reasonOf(err) != "GRANT_OWN" {
		t.Errorf("the own grant comes back: %v", err)
	}
}
