package grpckit_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

func TestFaultsCrossTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for kind, code := range map[fault.Kind]codes.Code{
		fault.Invalid: codes.InvalidArgument, fault.NotFound: codes.NotFound, fault.Forbidden: codes.PermissionDenied,
		fault.Conflict: codes.Aborted, fault.Refused: codes.FailedPrecondition,
		fault.Unauthenticated: codes.Unauthenticated, fault.Unavailable: codes.Unavailable,
	} {
		declared := fault.New(kind, "TEST_REASON", "Do something else.", "请换一种做法。")
		w.stub.getPerson = func(context.Context, *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
			return nil, fmt.Errorf("while testing: %w", declared.With("limit", "3").With("unit", "总部"))
		}
		w.stub.imports = func(grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error {
			return declared.With("limit", "3").With("unit", "总部")
		}
		_, unary := w.person(w.as(t, "admin", "hr"))
		_, _, stream := upload(w.as(t, "admin", "hr"), w.conn)
		for call, err := range map[string]error{"unary": unary, "stream": stream} {
			got, ok := fault.Of(err)
			if !ok || !errors.Is(err, declared) || errors.Is(err, fault.New(kind, "OTHER", "", "")) {
				t.Fatalf("%s %s: %v is not the fault", call, code, err)
			}
			want := &fault.Fault{Kind: kind, Reason: "TEST_REASON", Message: "Do something else.", MessageZH: "请换一种做法。",
				Details: map[string]string{"limit": "3", "unit": "总部"}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s: got %+v", call, code, got)
			}
			if status.Code(err) != code {
				t.Errorf("%s: code %s, want %s", call, status.Code(err), code)
			}
		}
	}
}

func TestUnknownErrorIsLoggedAndNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, handler := range map[string]func() error{
		"error":         func() error { return errors.New("password of the database is hunter2") },
		"panic":         func() error { panic("hunter2") },
		"foreign fault": func() error { return status.Error(codes.InvalidArgument, "hunter2") },
	} {
		w.stub.getPerson = func(context.Context, *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
			return nil, handler()
		}
		w.stub.imports = func(grpc.BidiStreamingServer[identityv1.ImportSnapshotRequest, identityv1.ImportSnapshotResponse]) error {
			return handler()
		}
		_, unary := w.person(w.as(t, "admin", "hr"))
		_, _, stream := upload(w.as(t, "admin", "hr"), w.conn)
		for _, err := range []error{unary, stream} {
			id, ok := strings.CutPrefix(status.Convert(err).Message(), "internal error ")
			if status.Code(err) != codes.Internal || !ok || len(id) != 36 {
				t.Fatalf("%s: got %v", name, err)
			}
			lines := linesWith(w.log.String(), id)
			if len(lines) != 1 || !strings.Contains(lines[0], "hunter2") || !strings.Contains(lines[0], "level=ERROR") {
				t.Errorf("%s: logged %q", name, lines)
			}
		}
	}
}

func TestEndOfTimeIsNoIncident(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for err, code := range map[error]codes.Code{
		context.DeadlineExceeded: codes.DeadlineExceeded,
		context.Canceled:         codes.Canceled,
		status.Error(codes.Unavailable, "dial tcp 10.0.0.7: refused"): codes.Unavailable,
	} {
		w.stub.getPerson = func(context.Context, *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
			return nil, fmt.Errorf("read: %w", err)
		}
		_, got := w.person(w.as(t, "admin", "hr"))
		if status.Code(got) != code || strings.Contains(got.Error(), "10.0.0.7") {
			t.Errorf("%v became %v", err, got)
		}
	}
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Errorf("logged as an incident: %s", w.log)
	}
}

func linesWith(text, word string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}
