package grpckit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/grpckit"
)

// stub answers a few RPCs as a test says.
type stub struct {
	identityv1.UnimplementedSignInServiceServer
	identityv1.UnimplementedIdentityServiceServer
	runtimev1.UnimplementedRuntimeServiceServer
	policyv1.UnimplementedPackSubscriberServiceServer

	getPerson func(ctx context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error)
	imports   func(s grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error
	signIn    func(ctx context.Context) error
	status    func(ctx context.Context, r *runtimev1.GetStatusRequest) (*runtimev1.GetStatusResponse, error)
}

func (s *stub) GetPerson(ctx context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
	return s.getPerson(ctx, r)
}

func (s *stub) ImportSnapshot(stream grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error {
	return s.imports(stream)
}

func (s *stub) SignIn(ctx context.Context, _ *identityv1.SignInRequest) (*identityv1.SignInResponse, error) {
	return &identityv1.SignInResponse{}, s.signIn(ctx)
}

func (s *stub) GetStatus(ctx context.Context, r *runtimev1.GetStatusRequest) (*runtimev1.GetStatusResponse, error) {
	return s.status(ctx, r)
}

// log collects what is logged.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// world is a server in memory and who may sign in to it.
type world struct {
	stub   *stub
	log    *log
	conn   *grpc.ClientConn
	signer *authn.Signer
	server *grpc.Server
}

func newWorld(t *testing.T, notBefore func(ctx context.Context, service string, position int64) error) *world {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{stub: &stub{}, log: &log{}, signer: authn.NewSigner(authn.IssuerIdentity, key, clock.System{}.Now)}
	server := grpckit.NewServer(grpckit.Options{
		Service:   "identity",
		Verifier:  authn.NewVerifier(map[string]ed25519.PublicKey{authn.IssuerIdentity: pub}, clock.System{}.Now),
		Log:       slog.New(slog.NewTextHandler(w.log, nil)),
		NotBefore: notBefore,
	})
	identityv1.RegisterSignInServiceServer(server, w.stub)
	identityv1.RegisterIdentityServiceServer(server, w.stub)
	runtimev1.RegisterRuntimeServiceServer(server, w.stub)
	policyv1.RegisterPackSubscriberServiceServer(server, w.stub)
	w.server, w.conn = server, serve(t, server)
	return w
}

func serve(t *testing.T, server *grpc.Server) *grpc.ClientConn {
	t.Helper()
	conn := grpckit.ServerConn(server)()
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
	})
	return conn
}

// as is a context whose calls are signed in.
func (w *world) as(t *testing.T, account string, roles ...string) context.Context {
	t.Helper()
	token, err := w.signer.Sign(authn.Claims{Subject: account, Session: "ses_1", Roles: roles}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return grpckit.WithToken(t.Context(), token)
}

func (w *world) person(ctx context.Context, opts ...grpc.CallOption) (*identityv1.GetPersonResponse, error) {
	return identityv1.NewIdentityServiceClient(w.conn).GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: "E-secret"}, opts...)
}

// upload sends the chunks and receives until the end.
func upload(ctx context.Context, conn grpc.ClientConnInterface, chunks ...[]byte) (received int, trailer metadata.MD, err error) {
	s, err := identityv1.NewIdentityServiceClient(conn).ImportSnapshot(ctx)
	if err != nil {
		return 0, nil, err
	}
	for _, c := range chunks {
		if err := s.Send(&identityv1.ImportSnapshotRequest{Part: &identityv1.ImportSnapshotRequest_Chunk{Chunk: c}}); err != nil {
			break // RecvMsg tells why
		}
	}
	_ = s.CloseSend()
	for {
		if _, err = s.Recv(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return received, s.Trailer(), err
		}
		received++
	}
}

// sourced connects once more, over TCP, with a token source.
func (w *world) sourced(t *testing.T, source grpckit.TokenSource) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = w.server.Serve(listener) }() // ends with the server
	conn, err := grpc.NewClient(listener.Addr().String(), append(grpckit.ClientInterceptors(source),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
