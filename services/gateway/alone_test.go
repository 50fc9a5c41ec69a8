package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// people is identity in a process of its own.
type people struct {
	identityv1.UnimplementedIdentityServiceServer
}

func (people) GetPerson(_ context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
	return &identityv1.GetPersonResponse{Person: &identityv1.Person{EmployeeNumber: r.GetEmployeeNumber()}}, nil
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// A process of its own reaches each service at its address, over HTTP and over
// gRPC, tells of one that is away without its address, and stops when told to.
func TestAloneItReachesTheServices(t *testing.T) {
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	identityv1.RegisterIdentityServiceServer(server, people{})
	go func() { _ = server.Serve(peer) }() // ends with Stop
	t.Cleanup(server.Stop)
	web, rpc, health, away := freeAddress(t), freeAddress(t), freeAddress(t), freeAddress(t)
	for name, value := range map[string]string{
		"GATEWAY_HTTP": web, "GATEWAY_LISTEN": rpc, "GATEWAY_HEALTH": health, "GATEWAY_LOG_LEVEL": "error",
		"GATEWAY_PEERS": "identity=" + peer.Addr().String() + ",audit=" + away,
	} {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- alone(ctx) }()
	get := func(address string, code int, want string) {
		t.Helper()
		var last string
		for range 100 {
			answer, err := http.Get("http://" + address)
			if err == nil {
				text, _ := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				last = fmt.Sprint(answer.StatusCode, " ", string(text))
				if answer.StatusCode == code && strings.Contains(string(text), want) {
					return
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("%s answers %s, want %d %s", address, last, code, want)
	}
	get(web+"/api/v1/people/E1", 200, `"employee_number":"E1"`)
	get(web+"/api/v1/history?stream=x", 503, "SERVICE_UNREACHABLE")
	get(web+"/api/v1/requests", 404, "SERVICE_UNKNOWN")
	get(health+"/readyz", 503, "audit: SERVICE_UNREACHABLE")
	conn, err := grpc.NewClient(rpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answer, err := identityv1.NewIdentityServiceClient(conn).GetPerson(t.Context(), &identityv1.GetPersonRequest{EmployeeNumber: "E2"})
	if err != nil || answer.GetPerson().GetEmployeeNumber() != "E2" {
		t.Errorf("over gRPC: %v, %v", answer, err)
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it does not stop")
	}
}
