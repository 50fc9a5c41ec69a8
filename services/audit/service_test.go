package audit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/ledger"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"

	"github.com/ostiary/ostiary/services/audit"
	"github.com/ostiary/ostiary/services/audit/internal/book"
	"github.com/ostiary/ostiary/services/audit/internal/rpc"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// story is audit in the real host.
type story struct {
	*hosttest.Installation
	t      *testing.T
	client auditv1.AuditServiceClient
	// grants are what access-request says is held.
	grants *[]*accessv1.Grant
}

func begin(t *testing.T) *story {
	t.Helper()
	grants := &[]*accessv1.Grant{}
	c := hosttest.Cast{
		Service: audit.Definition(), Now: noon,
		Neighbours: map[string]func(*servicekit.Platform) *servicekit.Service{
			"policy": nil, "identity": nil, "approval": nil, "provisioning": nil,
			"access-request": func(*servicekit.Platform) *servicekit.Service {
				return &servicekit.Service{Register: func(r grpc.ServiceRegistrar) {
					accessv1.RegisterAccessRequestServiceServer(r, &listing{grants: grants})
				}}
			},
		},
	}
	i := hosttest.Start(t, c)
	return &story{i, t, auditv1.NewAuditServiceClient(i.Conn("audit")), grants}
}

// listing answers with the grants that the test has set.
type listing struct {
	accessv1.UnimplementedAccessRequestServiceServer
	grants *[]*accessv1.Grant
}

func (l *listing) ListGrants(context.Context, *accessv1.ListGrantsRequest) (*accessv1.ListGrantsResponse, error) {
	return &accessv1.ListGrantsResponse{Items: *l.grants}, nil
}

func (s *story) auditor() context.Context { return s.As("auditor", "auditor") }

// starts lets identity take on a person.
func (s *story) starts(number string) int64 {
	s.t.Helper()
	return s.Record("identity", "person-"+number, &identityv1.EmploymentStarted{
		PersonId: "per_" + number, EmployeeNumber: number, Kind: "employee", EffectiveAt: timestamppb.New(noon), Post: &identityv1.Post{Position: "engineer"},
	})
}

func (s *story) history(r *auditv1.ReadHistoryRequest) []string {
	s.t.Helper()
	answer, err := s.client.ReadHistory(s.auditor(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	var places []string
	for _, e := range answer.GetEvents() {
		places = append(places, fmt.Sprintf("%s=%d", e.GetService(), e.GetPosition()))
	}
	return places
}

func (s *story) verify() *auditv1.LedgerReport {
	s.t.Helper()
	stream, err := s.client.VerifyLedger(s.auditor(), &auditv1.VerifyLedgerRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	var report *auditv1.LedgerReport
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return report
		}
		if err != nil {
			s.t.Fatal(err)
		}
		report = r.GetReport()
	}
}

// Covers: AUD-002, AUD-003, AUD-017, ACR-008
func TestWhatAuditorsRead(t *testing.T) {
	t.Parallel()
	s := begin(t)
	t.Run("history is of a person or a stream over all services", s.historyOverServices)
	t.Run("history is read in pages and awaited", s.historyInPages)
	t.Run("large events come in several answers", s.largeEvents)
	t.Run("an explanation goes back to the first cause", s.explanation)
	t.Run("the checkpoint is signed by the key of the ledger", s.checkpoint)
	t.Run("nobody else asks", s.onlyAuditors)
}

func (s *story) historyOverServices(t *testing.T) {
	s.starts("E1")
	s.starts("E2")
	s.Record("access-request", "holdings-per_E1", &accessv1.GrantIssued{PersonId: "per_E1", EmployeeNumber: "E1", GrantId: "grt_1"})
	s.Record("policy", "pack-1", &policyv1.PackPublished{Version: 1})
	got := s.history(&auditv1.ReadHistoryRequest{EmployeeNumber: "E1"})
	slices.Sort(got) // two services: their events come in as they are heard
	if want := []string{"access-request=1", "identity=1"}; !slices.Equal(got, want) {
		t.Errorf("history of E1 is %v, want %v", got, want)
	}
	if got := s.history(&auditv1.ReadHistoryRequest{Stream: "person-E2"}); !slices.Equal(got, []string{"identity=2"}) {
		t.Errorf("history of person-E2 is %v", got)
	}
	for name, c := range map[string]struct {
		request *auditv1.ReadHistoryRequest
		code    codes.Code
		reason  string
	}{
		"neither":        {&auditv1.ReadHistoryRequest{}, codes.InvalidArgument, "HISTORY_SELECTOR"},
		"both":           {&auditv1.ReadHistoryRequest{EmployeeNumber: "E1", Stream: "person-E1"}, codes.InvalidArgument, "HISTORY_SELECTOR"},
		"nobody of whom": {&auditv1.ReadHistoryRequest{EmployeeNumber: "E9"}, codes.NotFound, "PERSON_NOT_FOUND"},
	} {
		_, err := s.client.ReadHistory(s.auditor(), c.request)
		if status.Code(err) != c.code || !strings.Contains(fmt.Sprint(status.Convert(err).Details()...), c.reason) {
			t.Errorf("%s: %v, want %s", name, err, c.reason)
		}
	}
}

func (s *story) historyInPages(t *testing.T) {
	s.starts("E3")
	left := s.Record("identity", "person-E3", &identityv1.EmploymentEnded{PersonId: "per_E3", EmployeeNumber: "E3"})
	first, err := s.client.ReadHistory(s.auditor(), &auditv1.ReadHistoryRequest{EmployeeNumber: "E3", Limit: 1})
	if err != nil || len(first.GetEvents()) != 1 {
		t.Fatalf("the first page is %v, %v", first, err)
	}
	second, err := s.client.ReadHistory(s.auditor(), &auditv1.ReadHistoryRequest{EmployeeNumber: "E3", After: first.GetNext()})
	if err != nil || len(second.GetEvents()) != 1 || second.GetEvents()[0].GetPosition() != left {
		t.Fatalf("the second page is %v, %v", second, err)
	}
	news := make(chan []string, 1)
	go func() {
		news <- s.history(&auditv1.ReadHistoryRequest{EmployeeNumber: "E3", After: second.GetNext(), WaitMs: 20_000})
	}()
	back := s.starts("E3")
	if got := <-news; !slices.Equal(got, []string{fmt.Sprintf("identity=%d", back)}) {
		t.Errorf("what was awaited is %v", got)
	}
}

// largeEvents come in as many answers as they need.
func (s *story) largeEvents(t *testing.T) {
	large := strings.Repeat("x", 400<<10)
	var want []string
	for n := range 30 { // more than one answer holds
		want = append(want, fmt.Sprintf("policy=%d", s.Record("policy", "pack-9", &policyv1.PackPublished{Version: int64(n), Body: []byte(large)})))
	}
	if got := s.history(&auditv1.ReadHistoryRequest{Stream: "pack-9"}); !slices.Equal(got, want) {
		t.Errorf("history of large events is %v, want %v", got, want)
	}
}

func (s *story) explanation(t *testing.T) {
	position := s.starts("E4")
	issued := s.caused("identity", position, &accessv1.GrantIssued{PersonId: "per_E4", EmployeeNumber: "E4", GrantId: "grt_1", Reason: "employment"})
	activated := s.caused("provisioning", 99, &accessv1.GrantActivated{PersonId: "per_E4", EmployeeNumber: "E4", GrantId: "grt_1"})
	*s.grants = []*accessv1.Grant{{GrantId: "grt_0", PersonId: "per_E4"}, {GrantId: "grt_1", PersonId: "per_E4", IssuedPosition: 1}}
	why, err := s.client.ExplainAccess(s.auditor(), &auditv1.ExplainAccessRequest{EmployeeNumber: "E4", Role: "orders/reader"})
	if err != nil {
		t.Fatal(err)
	}
	// Everybody may ask about themselves, by number or without.
	for _, number := range []string{"E4", ""} {
		own, err := s.client.ExplainAccess(s.As("E4"), &auditv1.ExplainAccessRequest{EmployeeNumber: number, Role: "orders/reader"})
		if err != nil || own.GetGrantId() != "grt_1" {
			t.Errorf("E4 asks why as %q: %v, %v", number, own, err)
		}
	}
	var links []string
	for _, l := range why.GetLinks() {
		links = append(links, fmt.Sprintf("%s %s=%d", l.GetType(), l.GetService(), l.GetPosition()))
	}
	want := []string{
		fmt.Sprintf("GrantActivated access-request=%d", activated), "Gone provisioning=99",
		fmt.Sprintf("GrantIssued access-request=%d", issued), fmt.Sprintf("EmploymentStarted identity=%d", position),
	}
	if !slices.Equal(links, want) {
		t.Errorf("links are %v, want %v", links, want)
	}
	*s.grants = nil
	kept := s.caused("identity", position, &accessv1.BirthrightWithheld{
		PersonId: "per_E4", EmployeeNumber: "E4", Application: "orders", Role: "approver", Rule: "four-eyes", Held: "orders/writer", Reason: "transfer",
	})
	why, err = s.client.ExplainAccess(s.auditor(), &auditv1.ExplainAccessRequest{EmployeeNumber: "E4", Role: "orders/approver"})
	if err != nil || why.GetState() != "withheld" || len(why.GetLinks()) != 2 || why.GetLinks()[0].GetPosition() != kept ||
		why.GetLinks()[0].GetReason() != "transfer, but holds orders/writer" {
		t.Errorf("what was withheld is explained by %v, %v", why, err)
	}
	s.caused("identity", position, &accessv1.BirthrightWithheld{
		PersonId: "per_E4", EmployeeNumber: "E4", Application: "orders", Role: "approver", Rule: "four-eyes", Held: "orders/writer", Reason: "transfer",
		Removing: true,
	})
	why, err = s.client.ExplainAccess(s.auditor(), &auditv1.ExplainAccessRequest{EmployeeNumber: "E4", Role: "orders/approver"})
	if err != nil || why.GetState() != "withheld" || why.GetLinks()[0].GetReason() != "transfer, until the target no longer shows orders/writer" {
		t.Errorf("what waits for a removal is explained by %v, %v", why, err)
	}
	s.keptBackForThePost(t)
	for role, reason := range map[string]string{"orders/reader": "GRANT_UNKNOWN", "orders": "ROLE_MALFORMED", "/reader": "ROLE_MALFORMED"} {
		_, err := s.client.ExplainAccess(s.auditor(), &auditv1.ExplainAccessRequest{EmployeeNumber: "E4", Role: role})
		if !strings.Contains(fmt.Sprint(status.Convert(err).Details()...), reason) {
			t.Errorf("%s: %v, want %s", role, err, reason)
		}
	}
}

// keptBackForThePost: another post, or none, or a pack that does not give the
// role, does not keep it back any more, and a removal that is confirmed later does not hide that it does.
func (s *story) keptBackForThePost(t *testing.T) {
	state := func() string {
		t.Helper()
		why, err := s.client.ExplainAccess(s.auditor(), &auditv1.ExplainAccessRequest{EmployeeNumber: "E4", Role: "orders/approver"})
		if err != nil || len(why.GetLinks()) == 0 {
			t.Fatalf("why is %v, %v", why, err)
		}
		return why.GetState()
	}
	grant := &accessv1.GrantIssued{PersonId: "per_E4", EmployeeNumber: "E4", GrantId: "grt_2", Application: "orders", Role: "approver"}
	withheld := &accessv1.BirthrightWithheld{PersonId: "per_E4", EmployeeNumber: "E4", Application: "orders", Role: "approver"}
	for _, step := range []struct {
		event proto.Message
		held  string // the state of grt_2; "" before it was issued
		want  string
	}{
		{&accessv1.BirthrightWithheld{PersonId: "per_E4", Application: "orders", Role: "writer"}, "", "withheld"},
		{&accessv1.PostNoted{PersonId: "per_E4", EmployeeNumber: "E4", Employed: true, Position: "clerk"}, "", "none"},
		{withheld, "", "withheld"},
		{&accessv1.WithheldBirthrightLapsed{PersonId: "per_E4", Application: "orders", Role: "writer"}, "", "withheld"},
		{&accessv1.WithheldBirthrightLapsed{PersonId: "per_E4", Application: "orders", Role: "approver"}, "", "none"},
		{withheld, "", "withheld"},
		{&accessv1.PostNoted{PersonId: "per_E4", EmployeeNumber: "E4", Employed: true, Position: "engineer"}, "", "none"},
		{grant, "issued", "issued"},
		{withheld, "revoking", "withheld"},
		{&accessv1.GrantRemovalConfirmed{PersonId: "per_E4", GrantId: "grt_2", Application: "orders", Role: "approver"}, "removed", "withheld"},
		{&accessv1.PostNoted{PersonId: "per_E4", EmployeeNumber: "E4"}, "removed", "removed"},
	} {
		if step.held != "" {
			*s.grants = []*accessv1.Grant{{GrantId: "grt_2", PersonId: "per_E4", State: step.held}}
		}
		s.caused("identity", 1, step.event)
		if got := state(); got != step.want {
			t.Errorf("after %T with grt_2 %q: %q, want %q", step.event, step.held, got, step.want)
		}
	}
	*s.grants = nil
}

// caused lets access-request record an event of E4 as the effect of another.
func (s *story) caused(service string, position int64, m proto.Message) int64 {
	s.t.Helper()
	j := s.Platform("access-request").Journal
	past, err := j.Stream(s.t.Context(), "holdings-per_E4")
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := j.Encode(s.t.Context(), m)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := j.Store.Append(s.t.Context(), eventstore.Append{
		Stream: "holdings-per_E4", ExpectedVersion: int64(len(past)), Command: eventstore.Command{ID: uuid.NewString()},
		Metadata: eventstore.Metadata{Actor: "service:access-request", Causation: &eventstore.Cause{Service: service, Position: position}},
		Events:   []eventstore.NewEvent{e},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.Last
}

// Covers: AUD-006, AUD-018
func TestSeveralReplicasWriteOneBook(t *testing.T) {
	t.Parallel()
	s := begin(t)
	ctx, pool := t.Context(), s.Platform("audit").Pool
	s.starts("E1")
	seal := s.seal()
	one, err := book.Open(ctx, pool, seal)
	if err != nil {
		t.Fatal(err)
	}
	two, err := book.Open(ctx, pool, seal)
	if err != nil {
		t.Fatal(err)
	}
	add := func(b *book.Book, from, to int64) {
		t.Helper()
		var lines []book.Line
		for p := from; p <= to; p++ {
			lines = append(lines, book.Line{Position: p, Leaf: ledger.Hash{byte(p)}, Stream: "visit-1"})
		}
		if err := b.Add(ctx, "visitor", lines); err != nil {
			t.Fatal(err)
		}
	}
	add(one, 1, 3)
	add(two, 1, 5) // the first three are there already
	add(one, 4, 5) // all are there already
	add(one, 6, 6)
	s.starts("E2") // the running service is a third
	if taken := two.Taken("visitor"); taken != 5 {
		t.Errorf("the second replica knows %d, want 5 until it writes again", taken)
	}
	add(two, 7, 7)
	if report := s.verify(); !report.GetIntact() {
		t.Errorf("the book is not intact: %v", report)
	}
	if got := s.history(&auditv1.ReadHistoryRequest{EmployeeNumber: "E2"}); !slices.Equal(got, []string{"identity=2"}) {
		t.Errorf("the service did not go on behind the replicas: %v", got)
	}
	if err := one.Add(ctx, "visitor", []book.Line{{Position: 9}}); err == nil {
		t.Error("a book with a hole was accepted")
	}
	t.Run("and none behind a gap", s.behindAGap)
}

func (s *story) behindAGap(t *testing.T) {
	// The triggers let nobody delete, so the gap is made by an entry too far on.
	_, err := s.Platform("audit").Pool.Exec(t.Context(), `INSERT INTO ledger.entry (seq, service, position, leaf, chain)
		SELECT 1000, 'visitor', 8, leaf, chain FROM ledger.entry WHERE seq = 1`)
	if err != nil {
		t.Fatal(err)
	}
	torn, err := book.Open(t.Context(), s.Platform("audit").Pool, s.seal())
	if err != nil {
		t.Fatal(err)
	}
	if err := torn.Add(t.Context(), "visitor", []book.Line{{Position: 9}}); !errors.Is(err, book.ErrDamaged) {
		t.Errorf("add behind a gap: %v", err)
	}
	verifier := &book.Verifier{Book: torn, Notary: book.NewNotary(torn, s.Platform("audit").Log)}
	report, err := verifier.Verify(t.Context(), func(int64, int64) {})
	if err != nil || len(report.Findings) == 0 || report.Findings[0].Reason != book.EntryMissing {
		t.Errorf("the gap is not found: %v", report)
	}
}

// seal is the seal of the running ledger.
func (s *story) seal() book.Seal {
	s.t.Helper()
	return book.Seal{Key: s.key(), File: s.Platform("audit").KeyFile("ledger-root")}
}

// key is the key of the running ledger.
func (s *story) key() *ledger.Key {
	s.t.Helper()
	key, err := ledger.LoadOrCreateKey(s.Platform("audit").KeyFile("ledger"), "ostiary-ledger")
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

func (s *story) checkpoint(t *testing.T) {
	r, err := s.client.GetCheckpoint(s.auditor(), &auditv1.GetCheckpointRequest{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.Open([]byte(r.GetNote()), s.key().Verifier)
	if err != nil || c.Origin != book.Origin || c.Size != r.GetSize() {
		t.Errorf("the checkpoint is %+v, %v", c, err)
	}
}

func (s *story) onlyAuditors(t *testing.T) {
	for who, ctx := range map[string]context.Context{
		"an employee": s.As("E5"), "reception": s.As("E5", "reception"), "an administrator of Ostiary": s.As("E5", "admin"),
		"nobody's account": s.AsNobody("root", "admin"),
	} {
		_, err := s.client.ExplainAccess(ctx, &auditv1.ExplainAccessRequest{EmployeeNumber: "E4", Role: "orders/reader"})
		if status.Code(err) != codes.PermissionDenied || !errors.Is(err, rpc.ErrOthersAccess) {
			t.Errorf("%s asks why somebody else has a right: %v, want %v", who, err, rpc.ErrOthersAccess)
		}
	}
}
