package gateway_test

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/gateway"
)

// unrouted are the calls of public services that have no path: services ask
// each other, or they are streams.
var unrouted = []string{
	"ostiary.runtime.v1.RuntimeService.Feed", "ostiary.identity.v1.SignInService.FollowEndedSessions", "ostiary.approval.v1.ApprovalService.PreviewRoute",
	"ostiary.identity.v1.IdentityService.ImportSnapshot", "ostiary.audit.v1.AuditService.VerifyLedger",
}

// names are the operations whose id is not the name of their call: two services
// have a call of one name, or a call has a second path for what is current.
var names = map[string]string{"ReadServiceHistory": "ReadHistory", "EndSessionCurrent": "EndSession", "GetPackCurrent": "GetPack"}

// listening is the door before a server that answers nothing and tells which
// call has come.
func listening(t *testing.T) (*httptest.Server, <-chan string) {
	t.Helper()
	heard := make(chan string, 1)
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(s)
		heard <- strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
		return status.Error(codes.Internal, "heard")
	}))
	t.Cleanup(server.Stop)
	conn := grpckit.ServerConn(server)()
	t.Cleanup(func() { _ = conn.Close() })
	h, err := gateway.New(t.Context(), conn, gateway.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	return web, heard
}

// Every described path leads to the call that it names, and every call that
// people and clients may make has its path.
func TestPathsAndCallsAreTheSame(t *testing.T) {
	t.Parallel()
	web, heard := listening(t)
	var d struct {
		OpenAPI string
		Paths   map[string]map[string]struct{ OperationID string }
	}
	code, _, body := ask(t, web, "GET", "/api/openapi.json", "")
	if err := json.Unmarshal([]byte(body), &d); err != nil || code != 200 || !strings.HasPrefix(d.OpenAPI, "3.") {
		t.Fatalf("%d %v, OpenAPI %q", code, err, d.OpenAPI)
	}
	free := regexp.MustCompile(`\{[a-z_]+\}`)
	reached := map[string]bool{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			code, _, answer := ask(t, web, strings.ToUpper(method), free.ReplaceAllString(path, "1"), "")
			select {
			case call := <-heard:
				reached[call] = true
				want := o.OperationID
				if n, ok := names[want]; ok {
					want = n
				}
				if call[strings.LastIndex(call, ".")+1:] != want {
					t.Errorf("%s %s is described as %s and reaches %s", method, path, o.OperationID, call)
				}
			default:
				t.Errorf("%s %s reaches no call: %d %s", method, path, code, answer)
			}
		}
	}
	for service := range grpckit.PublicServices() {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
		if err != nil {
			t.Fatal(err)
		}
		calls := found.(protoreflect.ServiceDescriptor).Methods()
		for i := range calls.Len() {
			name := string(calls.Get(i).FullName())
			if reached[name] == slices.Contains(unrouted, name) {
				t.Errorf("%s has a path: %v", name, reached[name])
			}
		}
	}
}

func TestAnotherMethodIsToldWhichOnesThereAre(t *testing.T) {
	t.Parallel()
	web, _ := listening(t)
	for path, want := range map[string]string{
		"/api/v1/people/E1": "GET, HEAD", "/api/v1/sessions": "GET, HEAD, POST", "/api/v1/sessions/current": "DELETE", "/api/v1/people:find": "POST",
	} {
		code, header, _ := ask(t, web, "PATCH", path, "")
		if code != 405 || header.Get("Allow") != want {
			t.Errorf("%s: %d, allowed %q, want %q", path, code, header.Get("Allow"), want)
		}
	}
	// No other site is let in.
	code, header, _ := ask(t, web, "OPTIONS", "/api/v1/people/E1", "", "Origin", "https://other.example", "Access-Control-Request-Method", "GET")
	if code != 405 || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another site is answered %d %v", code, header)
	}
}
