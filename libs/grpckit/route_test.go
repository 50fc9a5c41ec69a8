package grpckit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"
)

// routed is a router in front of the identity service, itself in memory.
func routed(t *testing.T, w *world) *grpc.ClientConn {
	t.Helper()
	return serve(t, grpckit.Route(func(service string) grpc.ClientConnInterface {
		if service == "identity" {
			return w.conn
		}
		return nil
	}, grpckit.PublicServices(), false))
}

func TestRouteIsTransparent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(context.Context, string, int64) error { return nil })
	refused := fault.New(fault.Refused, "TEST_REASON", "No.", "不。")
	var id string
	w.stub.getPerson = func(ctx context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		id = grpckit.CommandID(ctx)
		grpckit.SetPosition(ctx, "identity", 7)
		if err := grpc.SetHeader(ctx, metadata.Pairs("x-header", "h")); err != nil {
			return nil, err
		}
		if r.GetEmployeeNumber() == "bad" {
			return nil, refused.With("employee", "bad")
		}
		c, _ := authz.From(ctx)
		return &identityv1.GetPersonResponse{Person: &identityv1.Person{EmployeeNumber: r.GetEmployeeNumber(), Name: c.Account}}, nil
	}
	client := identityv1.NewIdentityServiceClient(routed(t, w))
	ctx := metadata.AppendToOutgoingContext(w.as(t, "E7", "hr"), "command-id", "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e", "ostiary-not-before", "identity=1")
	var header, trailer metadata.MD
	got, err := client.GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: "E1"}, grpc.Header(&header), grpc.Trailer(&trailer))
	want := &identityv1.GetPersonResponse{Person: &identityv1.Person{EmployeeNumber: "E1", Name: "E7"}}
	if err != nil || !proto.Equal(got, want) {
		t.Fatalf("got %v, %v", got, err)
	}
	if id != "0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e" {
		t.Errorf("the command id arrived as %q", id)
	}
	if !slices.Equal(header.Get("x-header"), []string{"h"}) || !slices.Equal(trailer.Get("ostiary-position"), []string{"identity=7"}) {
		t.Errorf("header %v, trailer %v", header, trailer)
	}
	_, err = client.GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: "bad"}, grpc.Trailer(&trailer))
	if f, ok := fault.Of(err); !errors.Is(err, refused) || !ok || f.Details["employee"] != "bad" || f.MessageZH != "不。" {
		t.Errorf("a refusal arrived as %v", err)
	}
	if _, err = client.GetPerson(t.Context(), &identityv1.GetPersonRequest{}); !errors.Is(err, authz.ErrUnauthenticated) {
		t.Errorf("without a credential: %v", err)
	}
}

// What a caller over the network says of its address is replaced, unless something
// that ends TLS says it; what a part of the same process says is passed on.
func TestRouteSaysWhereACallComesFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var from string
	w.stub.getPerson = func(ctx context.Context, _ *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
		from = grpckit.Address(ctx)
		return &identityv1.GetPersonResponse{}, nil
	}
	ask := func(name, want, said string, conn *grpc.ClientConn) {
		t.Helper()
		ctx := w.as(t, "E7", "hr")
		if said != "" {
			ctx = grpckit.WithAddress(ctx, said)
		}
		if _, err := identityv1.NewIdentityServiceClient(conn).GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: "E1"}); err != nil || from != want {
			t.Errorf("%s: it comes from %q, want %q; %v", name, from, want, err)
		}
	}
	const said = "198.51.100.1, 203.0.113.9"
	for behind, want := range map[bool]string{false: "127.0.0.1", true: "203.0.113.9"} {
		router := grpckit.Route(func(string) grpc.ClientConnInterface { return w.conn }, grpckit.PublicServices(), behind)
		inside, outside := serve(t, router), overTCP(t, router)
		ask("over the network", want, said, outside)
		ask("over the network, without a word", "127.0.0.1", "", outside)
		ask("from inside", "203.0.113.9", said, inside)
		ask("from inside, without a word", "", "", inside)
	}
	ask("past every router", "203.0.113.9", said, w.conn)
}

// overTCP is a connection to the server over the network.
func overTCP(t *testing.T, server *grpc.Server) *grpc.ClientConn {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // ends with the server
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestRouteCarriesStreamsBothWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var received bytes.Buffer
	w.stub.imports = func(s grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error {
		for n := int32(1); ; n++ {
			r, err := s.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			received.Write(r.GetChunk())
			progress := &identityv1.ImportSnapshotResponse{Part: &identityv1.ImportSnapshotResponse_Progress{Progress: &identityv1.ImportProgress{Done: n}}}
			if err := s.Send(progress); err != nil {
				return err
			}
		}
	}
	conn := routed(t, w)
	var chunks [][]byte
	for n := range 200 {
		chunks = append(chunks, bytes.Repeat([]byte{byte(n)}, 1+n*97%5000))
	}
	got, _, err := upload(w.as(t, "E7", "hr"), conn, chunks...)
	if err != nil || got != len(chunks) || !bytes.Equal(received.Bytes(), bytes.Join(chunks, nil)) {
		t.Errorf("received %d answers of %d, %d bytes, error %v", got, len(chunks), received.Len(), err)
	}
	// Answers come while the caller still speaks.
	s, err := identityv1.NewIdentityServiceClient(conn).ImportSnapshot(w.as(t, "E7", "hr"))
	if err != nil {
		t.Fatal(err)
	}
	for n := int32(1); n <= 3; n++ {
		if err := s.Send(&identityv1.ImportSnapshotRequest{}); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Recv(); err != nil || r.GetProgress().GetDone() != n {
			t.Fatalf("answer %v, %v", r, err)
		}
	}
}

func TestRouteEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	entered, gone := make(chan struct{}), make(chan struct{})
	w.stub.imports = func(s grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error {
		close(entered)
		<-s.Context().Done()
		close(gone)
		return s.Context().Err()
	}
	ctx, cancel := context.WithCancel(w.as(t, "E7", "hr"))
	if _, err := identityv1.NewIdentityServiceClient(routed(t, w)).ImportSnapshot(ctx); err != nil {
		t.Fatal(err)
	}
	<-entered
	cancel()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the service was not told that the caller has gone")
	}
}

func TestRouteRefusesWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	conn := routed(t, w)
	ctx := w.as(t, "admin", "admin", "access-admin")
	_, err := policyv1.NewPackSubscriberServiceClient(conn).ValidatePack(ctx, &policyv1.ValidatePackRequest{})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("what services ask of each other: %v", err)
	}
	if err := conn.Invoke(ctx, "/ostiary.secret.v1.SecretService/Tell", &identityv1.GetPersonRequest{}, &identityv1.GetPersonResponse{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("unknown service: %v", err)
	}
	if strings.Contains(w.log.String(), "PackSubscriber") {
		t.Error("the call reached the service")
	}
	// Public, but not in this installation.
	_, err = accessrequestv1.NewAccessRequestServiceClient(conn).ListGrants(ctx, &accessrequestv1.ListGrantsRequest{})
	if !errors.Is(err, grpckit.ErrNoService) {
		t.Errorf("absent service: %v", err)
	}
}

func TestRouteOfRuntimeServiceGoesByItsFirstField(t *testing.T) {
	t.Parallel()
	identity, policy := newWorld(t, nil), newWorld(t, nil)
	for name, w := range map[string]*world{"identity": identity, "policy": policy} {
		w.stub.status = func(_ context.Context, r *runtimev1.GetStatusRequest) (*runtimev1.GetStatusResponse, error) {
			if r.GetService() != name {
				return nil, status.Errorf(codes.Internal, "asked %s about %s", name, r.GetService())
			}
			return &runtimev1.GetStatusResponse{Service: name, Position: 5}, nil
		}
	}
	conn := serve(t, grpckit.Route(func(service string) grpc.ClientConnInterface {
		switch service {
		case "identity":
			return identity.conn
		case "policy":
			return policy.conn
		}
		return nil
	}, grpckit.PublicServices(), false))
	client := runtimev1.NewRuntimeServiceClient(conn)
	for name, w := range map[string]*world{"identity": identity, "policy": policy} {
		r, err := client.GetStatus(w.as(t, "admin", "admin"), &runtimev1.GetStatusRequest{Service: name})
		if err != nil || r.GetService() != name || r.GetPosition() != 5 {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	for _, name := range []string{"", "visitor"} {
		if _, err := client.GetStatus(identity.as(t, "admin", "admin"), &runtimev1.GetStatusRequest{Service: name}); !errors.Is(err, grpckit.ErrNoService) {
			t.Errorf("service %q: %v", name, err)
		}
	}
}

func TestUnreachableServiceIsARefusalWithoutAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	dead := newWorld(t, nil)
	dead.server.Stop()
	conn := serve(t, grpckit.Route(func(string) grpc.ClientConnInterface { return dead.conn }, grpckit.PublicServices(), false))
	_, err := identityv1.NewIdentityServiceClient(conn).GetPerson(w.as(t, "E7", "hr"), &identityv1.GetPersonRequest{})
	f, ok := fault.Of(err)
	if !ok || f.Kind != fault.Unavailable || f.Reason != "SERVICE_UNREACHABLE" || strings.Contains(err.Error(), "dial") {
		t.Errorf("got %v", err)
	}
}

func TestReflectionTellsAboutPublicServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s, err := reflectionv1.NewServerReflectionClient(routed(t, w)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r *reflectionv1.ServerReflectionRequest) *reflectionv1.ServerReflectionResponse {
		t.Helper()
		if err := s.Send(r); err != nil {
			t.Fatal(err)
		}
		answer, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	list := ask(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}})
	var names []string
	for _, service := range list.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	for public := range grpckit.PublicServices() {
		if !slices.Contains(names, public) {
			t.Errorf("%s is not listed", public)
		}
	}
	if slices.Contains(names, "ostiary.policy.v1.PackSubscriberService") {
		t.Error("what is not public is listed")
	}
	file := ask(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{
		FileContainingSymbol: "ostiary.identity.v1.IdentityService.GetPerson"}})
	if len(file.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
		t.Errorf("no descriptor: %v", file)
	}
}
