package command

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"
)

// errEnded is the refusal of a session that is over, as identity declares it.
var errEnded = fault.New(fault.Unauthenticated, "SESSION_UNKNOWN", "Sign in again.", "请重新登录。")

// server answers as an installation does. It admits callers by the rules of the
// protos; what it knows is what a test puts into it.
type server struct {
	identityv1.UnimplementedSignInServiceServer
	identityv1.UnimplementedIdentityServiceServer
	accessv1.UnimplementedAccessRequestServiceServer
	approvalv1.UnimplementedApprovalServiceServer
	policyv1.UnimplementedPolicyServiceServer
	provisioningv1.UnimplementedProvisioningServiceServer
	runtimev1.UnimplementedRuntimeServiceServer

	address string
	signer  *authn.Signer

	mu        sync.Mutex
	roles     []string
	refreshes int
	ended     bool
	result    *identityv1.ImportResult
	progress  [][2]int32
	positions map[string]int64
	parked    map[string][]*runtimev1.ParkedEvent
	orders    []*provisioningv1.Order
	asked     func(s *server) // looks at orders are seen here, under mu
	listed    *accessv1.ListGrantsRequest
	offered   []*accessv1.OfferedRole
	behind    int // so many answers come too early
	waits     *approvalv1.GetApprovalResponse
	decided   []*approvalv1.DecideRequest
	token     string // of a dialogue
	initial   string
	password  string
}

// start serves on a port of its own until the test ends.
func start(t *testing.T) *server {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{
		signer: authn.NewSigner(authn.IssuerIdentity, key, clock.System{}.Now), roles: []string{"hr"},
		positions: map[string]int64{}, parked: map[string][]*runtimev1.ParkedEvent{},
	}
	g := grpckit.NewServer(grpckit.Options{
		Service: "identity", Log: slog.New(slog.DiscardHandler), NotBefore: s.notBefore,
		Verifier: authn.NewVerifier(map[string]ed25519.PublicKey{authn.IssuerIdentity: public}, clock.System{}.Now),
	})
	identityv1.RegisterSignInServiceServer(g, s)
	identityv1.RegisterIdentityServiceServer(g, s)
	accessv1.RegisterAccessRequestServiceServer(g, s)
	approvalv1.RegisterApprovalServiceServer(g, s)
	policyv1.RegisterPolicyServiceServer(g, s)
	provisioningv1.RegisterProvisioningServiceServer(g, s)
	runtimev1.RegisterRuntimeServiceServer(g, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	go func() { _ = g.Serve(l) }()
	t.Cleanup(g.Stop)
	return s
}

func (s *server) notBefore(context.Context, string, int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.behind > 0 {
		s.behind--
		return grpckit.ErrNotYet
	}
	return nil
}

func (s *server) RefreshSession(_ context.Context, r *identityv1.RefreshSessionRequest) (*identityv1.RefreshSessionResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || r.GetSession() != "secret" {
		return nil, errEnded
	}
	s.refreshes++
	token, err := s.signer.Sign(authn.Claims{Subject: "E1", Session: "ses_1", Roles: s.roles}, time.Minute)
	return &identityv1.RefreshSessionResponse{AccessToken: token, ExpiresIn: 60, Zone: "Asia/Shanghai"}, err
}

func (s *server) ImportSnapshot(stream grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	for _, p := range s.progress {
		if err := stream.Send(&identityv1.ImportSnapshotResponse{Part: &identityv1.ImportSnapshotResponse_Progress{
			Progress: &identityv1.ImportProgress{Done: p[0], Total: p[1]},
		}}); err != nil {
			return err
		}
	}
	return stream.Send(&identityv1.ImportSnapshotResponse{Part: &identityv1.ImportSnapshotResponse_Result{Result: s.result}})
}

func (s *server) GetStatus(_ context.Context, r *runtimev1.GetStatusRequest) (*runtimev1.GetStatusResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	response := &runtimev1.GetStatusResponse{Service: r.GetService(), Ready: true, Position: s.positions[r.GetService()]}
	if r.GetCorrelationId() == s.result.GetCorrelationId() {
		response.Parked = s.parked[r.GetService()]
	}
	return response, nil
}

func (s *server) ListOrders(_ context.Context, r *provisioningv1.ListOrdersRequest) (*provisioningv1.ListOrdersResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != nil {
		s.asked(s)
	}
	response := &provisioningv1.ListOrdersResponse{}
	for _, o := range s.orders {
		if r.GetCorrelationId() != "" && o.GetCorrelationId() != r.GetCorrelationId() {
			continue
		}
		response.Open++
		if len(response.Items) < int(r.GetLimit()) {
			response.Items = append(response.Items, o)
		}
	}
	return response, nil
}

func (s *server) ListRoles(context.Context, *accessv1.ListRolesRequest) (*accessv1.ListRolesResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &accessv1.ListRolesResponse{Items: s.offered}, nil
}

func (s *server) ListGrants(_ context.Context, r *accessv1.ListGrantsRequest) (*accessv1.ListGrantsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = r
	return &accessv1.ListGrantsResponse{}, nil
}

// said is what one call wrote and how it ended.
type said struct {
	code     int
	out, err string
}

// run calls the command line as somebody who has signed in.
func (s *server) run(t *testing.T, args ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	code := Run(t.Context(), args, IO{In: strings.NewReader(""), Out: &out, Err: &errs, Env: s.environment("en")})
	return said{code: code, out: out.String(), err: errs.String()}
}

func (s *server) environment(lang string) func(string) string {
	return func(name string) string {
		return map[string]string{"OSTIARY_ADDR": s.address, "OSTIARY_TOKEN": "secret", "OSTIARY_LANG": lang}[name]
	}
}

// importing are the arguments of an import of some file.
func importing(t *testing.T, more ...string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(file, []byte("number\nE1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]string{"hr", "import", file, "--map", file}, more)
}

// refusal reads what --json says about a refusal.
func refusal(t *testing.T, s string) (reason string, details map[string]any) {
	t.Helper()
	var e struct {
		Error struct {
			Reason  string
			Details map[string]any
		}
	}
	if err := json.Unmarshal([]byte(s), &e); err != nil {
		t.Fatalf("not one JSON object: %v\n%s", err, s)
	}
	return e.Error.Reason, e.Error.Details
}
