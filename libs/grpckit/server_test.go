package grpckit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/grpckit"
)

func TestWhoIsAdmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var caller authz.Caller
	w.stub.getPerson = func(ctx context.Context, _ *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		caller, _ = authz.From(ctx)
		return &identityv1.GetPersonResponse{}, nil
	}
	w.stub.imports = func(s grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error {
		caller, _ = authz.From(s.Context())
		return nil
	}
	bearer := func(value string) context.Context {
		return metadata.NewOutgoingContext(t.Context(), metadata.Pairs("authorization", value))
	}
	two := metadata.AppendToOutgoingContext(w.as(t, "admin", "hr"), "authorization", "Bearer x")
	for name, tc := range map[string]struct {
		ctx  context.Context
		want error
	}{
		"nobody":             {t.Context(), authz.ErrUnauthenticated},
		"nonsense":           {bearer("Bearer abc"), authn.ErrTokenInvalid},
		"no scheme":          {bearer("abc"), authn.ErrTokenInvalid},
		"other scheme":       {bearer("Basic YTpi"), authn.ErrTokenInvalid},
		"two credentials":    {two, authn.ErrTokenInvalid},
		"without the role":   {w.as(t, "E1", "employee"), authz.ErrForbidden},
		"with the role":      {w.as(t, "E2", "hr"), nil},
		"with another, also": {w.as(t, "E2", "employee", "hr"), nil},
	} {
		caller = authz.Caller{}
		_, unary := w.person(tc.ctx)
		if !errors.Is(unary, tc.want) || (tc.want == nil) != (caller.Account == "E2") {
			t.Errorf("%s, unary: caller %+v, error %v, want %v", name, caller, unary, tc.want)
		}
		caller = authz.Caller{}
		_, _, stream := upload(tc.ctx, w.conn)
		if !errors.Is(stream, tc.want) || (tc.want == nil) != (caller.Account == "E2") {
			t.Errorf("%s, stream: caller %+v, error %v, want %v", name, caller, stream, tc.want)
		}
	}
	// A spoilt credential does not stop anybody from signing in.
	w.stub.signIn = func(context.Context) error { return nil }
	if _, err := identityv1.NewSignInServiceClient(w.conn).SignIn(bearer("Bearer abc"), &identityv1.SignInRequest{}); err != nil {
		t.Errorf("sign in with an old token: %v", err)
	}
	// What services ask of each other admits no person.
	_, err := policyv1.NewPackSubscriberServiceClient(w.conn).ValidatePack(w.as(t, "admin", "admin", "access-admin"), &policyv1.ValidatePackRequest{})
	if !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a person at a service's RPC: %v", err)
	}
}

func TestRequestLogSaysWhoAndWhatButNoBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.stub.getPerson = func(context.Context, *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		return &identityv1.GetPersonResponse{Person: &identityv1.Person{Name: "张三"}}, nil
	}
	if _, err := w.person(w.as(t, "E7", "hr")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.person(w.as(t, "E8", "agent")); err == nil {
		t.Fatal("admitted")
	}
	lines := linesWith(w.log.String(), "GetPerson")
	if len(lines) != 2 {
		t.Fatalf("logged %q", lines)
	}
	for _, word := range []string{"level=INFO", "service=identity", "method=/ostiary.identity.v1.IdentityService/GetPerson", "caller=E7", "code=OK", "duration="} {
		if !strings.Contains(lines[0], word) {
			t.Errorf("%q lacks %s", lines[0], word)
		}
	}
	for _, word := range []string{"level=INFO", "caller=E8", "code=PermissionDenied", "reason=NOT_ADMITTED"} {
		if !strings.Contains(lines[1], word) {
			t.Errorf("%q lacks %s", lines[1], word)
		}
	}
	for _, secret := range []string{"E-secret", "张三", "Bearer", "eyJ"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log says %q: %s", secret, w.log)
		}
	}
}

func TestUnaryCallHasADeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var left time.Duration
	w.stub.getPerson = func(ctx context.Context, _ *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return &identityv1.GetPersonResponse{}, nil
	}
	if _, err := w.person(w.as(t, "E7", "hr")); err != nil || left < 20*time.Second || left > 30*time.Second {
		t.Errorf("without one, the deadline is in %s (%v)", left, err)
	}
	ctx, cancel := context.WithTimeout(w.as(t, "E7", "hr"), 3*time.Minute)
	defer cancel()
	if _, err := w.person(ctx); err != nil || left < 2*time.Minute {
		t.Errorf("the caller's own became %s (%v)", left, err)
	}
}

func TestCommandID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var ids []string
	w.stub.getPerson = func(ctx context.Context, _ *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		ids = []string{grpckit.CommandID(ctx), grpckit.CommandID(ctx)}
		return &identityv1.GetPersonResponse{}, nil
	}
	with := func(values ...string) context.Context {
		ctx := w.as(t, "E7", "hr")
		for _, v := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, "command-id", v)
		}
		return ctx
	}
	const id = "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e"
	for _, given := range []string{id, strings.ToUpper(id)} {
		if _, err := w.person(with(given)); err != nil || ids[0] != id || ids[1] != id {
			t.Errorf("given %s, got %v, %v", given, ids, err)
		}
	}
	if _, err := w.person(with()); err != nil || ids[0] != ids[1] || len(ids[0]) != 36 || ids[0] == id || ids[0][14] != '7' {
		t.Errorf("given none, got %v, %v", ids, err)
	}
	for _, bad := range [][]string{{""}, {"1"}, {"{" + id + "}"}, {"urn:uuid:" + id}, {id, id}, {strings.ReplaceAll(id, "-", "")}} {
		if _, err := w.person(with(bad...)); !errors.Is(err, grpckit.ErrCommandID) {
			t.Errorf("given %q: %v", bad, err)
		}
	}
	if a, b := grpckit.CommandID(t.Context()), grpckit.CommandID(t.Context()); a == b {
		t.Error("outside of a call two commands have one id")
	}
}

func TestPositionsOutAndIn(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var waited []string
	w := newWorld(t, func(_ context.Context, service string, position int64) error {
		mu.Lock()
		defer mu.Unlock()
		waited = append(waited, fmt.Sprintf("%s=%d", service, position))
		if service == "slow" {
			return fmt.Errorf("wait: %w", context.DeadlineExceeded)
		}
		return nil
	})
	w.stub.getPerson = func(ctx context.Context, _ *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		mu.Lock()
		defer mu.Unlock()
		waited = append(waited, "handler")
		grpckit.SetPosition(ctx, "identity", 42)
		return &identityv1.GetPersonResponse{}, nil
	}
	with := func(values ...string) context.Context {
		waited = nil
		ctx := w.as(t, "E7", "hr")
		for _, v := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, "ostiary-not-before", v)
		}
		return ctx
	}
	var trailer metadata.MD
	if _, err := w.person(with("identity=41", "access-request=7, policy=0"), grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(waited, " "); got != "identity=41 access-request=7 policy=0 handler" {
		t.Errorf("waited for %q", got)
	}
	if got := trailer.Get("ostiary-position"); len(got) != 1 || got[0] != "identity=42" {
		t.Errorf("trailer %q", got)
	}
	for _, bad := range []string{"", "identity", "identity=", "=4", "identity=-1", "identity=x", "identity=1,"} {
		if _, err := w.person(with(bad)); !errors.Is(err, grpckit.ErrNotBefore) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := w.person(with("slow=9")); !errors.Is(err, grpckit.ErrNotYet) || len(waited) != 1 {
		t.Errorf("what is not there in time: %v, %v", err, waited)
	}
	grpckit.SetPosition(t.Context(), "identity", 1) // outside of a call it is nothing
}

func TestMessagesHaveALimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.stub.getPerson = func(_ context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		return &identityv1.GetPersonResponse{Person: &identityv1.Person{EmployeeNumber: r.GetEmployeeNumber()}}, nil
	}
	client := identityv1.NewIdentityServiceClient(w.conn)
	for size, want := range map[int]codes.Code{8 << 20: codes.OK, 17 << 20: codes.ResourceExhausted} {
		_, err := client.GetPerson(w.as(t, "E7", "hr"), &identityv1.GetPersonRequest{EmployeeNumber: strings.Repeat("x", size)})
		if status.Code(err) != want {
			t.Errorf("%d MiB: %v", size>>20, status.Code(err))
		}
	}
}

func TestTokenSourceSignsCallsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var account string
	w.stub.getPerson = func(ctx context.Context, _ *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		c, _ := authz.From(ctx)
		account = c.Account
		return &identityv1.GetPersonResponse{}, nil
	}
	sourced := w.sourced(t, func(context.Context) (string, error) {
		return w.signer.Sign(authn.Claims{Subject: "source", Session: "s", Roles: []string{"hr"}}, time.Minute)
	})
	client := identityv1.NewIdentityServiceClient(sourced)
	if _, err := client.GetPerson(t.Context(), &identityv1.GetPersonRequest{}); err != nil || account != "source" {
		t.Errorf("signed in as %q, %v", account, err)
	}
	if _, err := client.GetPerson(w.as(t, "own", "hr"), &identityv1.GetPersonRequest{}); err != nil || account != "own" {
		t.Errorf("with a token of its own, signed in as %q, %v", account, err)
	}
	broken := errors.New("no key")
	failing := identityv1.NewIdentityServiceClient(w.sourced(t, func(context.Context) (string, error) { return "", broken }))
	if _, err := failing.GetPerson(t.Context(), &identityv1.GetPersonRequest{}); !errors.Is(err, broken) {
		t.Errorf("without a token: %v", err)
	}
}
