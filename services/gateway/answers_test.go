package gateway_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/gateway"
)

// many answers calls of several services.
type many struct {
	identityv1.UnimplementedIdentityServiceServer
	approvalv1.UnimplementedApprovalServiceServer
	runtime runtimeService
	audit   auditService
	orders  orderService
	left    time.Duration // of the last call
	decided *approvalv1.DecideRequest
	number  string
	fails   error
}

type (
	runtimeService struct {
		runtimev1.UnimplementedRuntimeServiceServer
	}
	auditService struct {
		auditv1.UnimplementedAuditServiceServer
	}
	orderService struct {
		provisioningv1.UnimplementedProvisioningServiceServer
	}
)

func (m *many) GetPerson(_ context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
	m.number = r.GetEmployeeNumber()
	return &identityv1.GetPersonResponse{Person: &identityv1.Person{EmployeeNumber: r.GetEmployeeNumber()}}, m.fails
}

func (m *many) FindPeople(context.Context, *identityv1.FindPeopleRequest) (*identityv1.FindPeopleResponse, error) {
	return &identityv1.FindPeopleResponse{People: []*identityv1.Person{{EmployeeNumber: "E1", Name: "<周>"}}}, nil
}

func (m *many) ListOperators(_ context.Context, r *identityv1.ListOperatorsRequest) (*identityv1.ListOperatorsResponse, error) {
	return &identityv1.ListOperatorsResponse{Items: []*identityv1.OperatorAccount{{Account: "li"}}, Next: r.GetAfter() + "b"}, nil
}

func (m *many) ReadLifecycle(ctx context.Context, _ *identityv1.ReadLifecycleRequest) (*identityv1.ReadLifecycleResponse, error) {
	until, _ := ctx.Deadline()
	m.left = time.Until(until)
	event, err := structpb.NewStruct(map[string]any{"id": "1"})
	return &identityv1.ReadLifecycleResponse{Events: []*structpb.Struct{event}, Next: 1}, err
}

func (m *many) Decide(_ context.Context, r *approvalv1.DecideRequest) (*approvalv1.DecideResponse, error) {
	m.decided = r
	return &approvalv1.DecideResponse{Position: 5}, nil
}

func (runtimeService) ReadHistory(context.Context, *runtimev1.ReadHistoryRequest) (*runtimev1.ReadHistoryResponse, error) {
	return &runtimev1.ReadHistoryResponse{Events: []*runtimev1.HistoryEvent{{Position: 7}, {Position: 9}}, Head: 20}, nil
}

func (runtimeService) ListParked(context.Context, *runtimev1.ListParkedRequest) (*runtimev1.ListParkedResponse, error) {
	return &runtimev1.ListParkedResponse{}, nil
}

func (auditService) ReadHistory(context.Context, *auditv1.ReadHistoryRequest) (*auditv1.ReadHistoryResponse, error) {
	return &auditv1.ReadHistoryResponse{Events: []*runtimev1.HistoryEvent{{Position: 7}}, Next: 12}, nil
}

func (orderService) ListOrders(context.Context, *provisioningv1.ListOrdersRequest) (*provisioningv1.ListOrdersResponse, error) {
	return &provisioningv1.ListOrdersResponse{Items: []*provisioningv1.Order{{OrderId: "o"}}, Total: 1, Open: 1}, nil
}

// hall is the door before many services, and what it logs.
func hall(t *testing.T) (*many, *httptest.Server, *strings.Builder) {
	t.Helper()
	m, logged := &many{}, &strings.Builder{}
	server := grpc.NewServer()
	identityv1.RegisterIdentityServiceServer(server, m)
	approvalv1.RegisterApprovalServiceServer(server, m)
	runtimev1.RegisterRuntimeServiceServer(server, m.runtime)
	auditv1.RegisterAuditServiceServer(server, m.audit)
	provisioningv1.RegisterProvisioningServiceServer(server, m.orders)
	t.Cleanup(server.Stop)
	conn := grpckit.ServerConn(server)()
	t.Cleanup(func() { _ = conn.Close() })
	h, err := gateway.New(t.Context(), conn, gateway.Options{Log: slog.New(slog.NewTextHandler(logged, nil)), Secure: true})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	return m, web, logged
}

func TestListsHaveOneForm(t *testing.T) {
	t.Parallel()
	_, web, _ := hall(t)
	for _, c := range []struct {
		method, path, body string
		items              int
		next               string
	}{
		{"GET", "/api/v1/operators?limit=1&after=a", "", 1, "ab"},
		{"GET", "/api/v1/history?after=3", "", 1, "12"},
		{"GET", "/api/v1/services/identity/history", "", 2, "9"},
		{"GET", "/api/v1/services/identity/parked", "", 0, ""},
		{"GET", "/api/v1/orders", "", 1, ""},
		{"POST", "/api/v1/people:find", `{"id_number":"1"}`, 1, ""},
	} {
		code, _, body := ask(t, web, c.method, c.path, c.body)
		var list struct {
			Items []json.RawMessage
			Next  *string
		}
		if err := json.Unmarshal([]byte(body), &list); err != nil || code != 200 {
			t.Errorf("%s: %d %v %s", c.path, code, err, body)
			continue
		}
		if list.Items == nil || len(list.Items) != c.items || list.Next == nil || *list.Next != c.next {
			t.Errorf("%s: %s", c.path, body)
		}
		for _, other := range []string{`"events"`, `"people"`, `"parked":[`} {
			if strings.Contains(body, other) {
				t.Errorf("%s still has %s", c.path, other)
			}
		}
	}
	// What else a list tells stays, and text stays as it is.
	if _, _, body := ask(t, web, "GET", "/api/v1/orders", ""); !strings.Contains(body, `"total":1`) {
		t.Errorf("orders: %s", body)
	}
	if _, _, body := ask(t, web, "POST", "/api/v1/people:find", `{"id_number":"1"}`); !strings.Contains(body, `<周>`) {
		t.Errorf("people: %s", body)
	}
	// The lifecycle feed has the form of the bus.
	if _, _, body := ask(t, web, "GET", "/api/v1/lifecycle", ""); !strings.Contains(body, `"events":[{"id":"1"}]`) || strings.Contains(body, "items") {
		t.Errorf("lifecycle: %s", body)
	}
}

// A service ends a call at its deadline, so whoever asks to wait is given that
// time and the usual one.
func TestAWaitIsAddedToTheTimeOfTheCall(t *testing.T) {
	t.Parallel()
	m, web, _ := hall(t)
	for query, want := range map[string]time.Duration{"": 30 * time.Second, "?wait=30s": 60 * time.Second, "?wait=3600s": 90 * time.Second, "?wait=-5s": 30 * time.Second} {
		if code, _, body := ask(t, web, "GET", "/api/v1/lifecycle"+query, ""); code != 200 || m.left > want || m.left < want-10*time.Second {
			t.Errorf("%q: %d, %v left, want %v: %s", query, code, m.left, want, body)
		}
	}
}

func TestADecisionIsAPath(t *testing.T) {
	t.Parallel()
	m, web, _ := hall(t)
	code, _, body := ask(t, web, "POST", "/api/v1/approvals/AR-1/approve", `{"reason":"well","digest":"d"}`)
	if code != 200 || m.decided.GetCaseId() != "AR-1" || m.decided.GetDecision() != "approve" || m.decided.GetReason() != "well" {
		t.Errorf("%d %s: %v", code, body, m.decided)
	}
	if code, _, _ := ask(t, web, "POST", "/api/v1/approvals/AR-1/approve", `{"decision":"refuse"}`); code != 400 {
		t.Errorf("a decision beside the path: %d", code)
	}
}

func TestEveryIdHasItsPath(t *testing.T) {
	t.Parallel()
	m, web, _ := hall(t)
	for escaped, want := range map[string]string{"E1": "E1", "x:y": "x:y", "%E5%B7%A5%201": "工 1", "current": "current"} {
		if code, _, body := ask(t, web, "GET", "/api/v1/people/"+escaped, ""); code != 200 || m.number != want {
			t.Errorf("%s: %d, asked for %q: %s", escaped, code, m.number, body)
		}
	}
	// No id holds a slash, and an escaped one leads to no other call.
	for _, path := range []string{"/api/v1/people/a%2Fb", "/api/v1/people/E1%2fclearance", "/api/v1/people/..%2Foperators"} {
		if code, _, body := ask(t, web, "GET", path, ""); code != 404 || !strings.Contains(body, "PATH_UNKNOWN") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if code, _, body := ask(t, web, "HEAD", "/api/v1/people/E1", ""); code != 200 || body != "" {
		t.Errorf("HEAD: %d %q", code, body)
	}
}

// A fault of ours shows nothing but where to look: the id of the service if it
// has one, else one in the log of the door.
func TestAFaultOfOursIsFoundByItsID(t *testing.T) {
	t.Parallel()
	m, web, logged := hall(t)
	known := "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e"
	var p struct{ Details map[string]string }
	m.fails = status.Error(codes.Internal, "internal error "+known)
	if code, _, body := ask(t, web, "GET", "/api/v1/people/E1", ""); code != 500 || json.Unmarshal([]byte(body), &p) != nil || p.Details["error_id"] != known || logged.Len() != 0 {
		t.Errorf("%d %s, logged %s", code, body, logged)
	}
	m.fails = status.Error(codes.Unknown, "dial 10.1.2.3")
	code, _, body := ask(t, web, "GET", "/api/v1/people/E-secret", "", "Authorization", "Bearer geheim")
	if code != 500 || json.Unmarshal([]byte(body), &p) != nil || p.Details["error_id"] == "" || strings.Contains(body, "10.1.2.3") {
		t.Errorf("%d %s", code, body)
	}
	if !strings.Contains(logged.String(), p.Details["error_id"]) || !strings.Contains(logged.String(), "10.1.2.3") {
		t.Errorf("logged is %s", logged)
	}
	for _, secret := range []string{"geheim", "E-secret"} {
		if strings.Contains(logged.String(), secret) {
			t.Errorf("the log tells %s: %s", secret, logged)
		}
	}
}
