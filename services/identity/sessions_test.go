package identity_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/servicekit"
)

// Everybody sees where they are signed in and ends it; those who keep
// credentials do so for others, and nobody else does.
//
// Covers: IDN-067
func TestSessionsAreListedAndEnded(t *testing.T) {
	i := install(t)
	const own = "Gate-Keeper-2026"
	password := i.operator("li", "auditor")
	if _, err := i.enter("li", password, own); err != nil {
		t.Fatal(err)
	}
	first, err := i.enter("li", own, "")
	if err != nil {
		t.Fatal(err)
	}
	second, err := i.enter("li", own, "")
	if err != nil {
		t.Fatal(err)
	}
	here, there := bearer(t.Context(), first.GetAccessToken()), bearer(t.Context(), second.GetAccessToken())
	list, err := i.door().ListSessions(here, &identityv1.ListSessionsRequest{})
	if err != nil || len(list.GetItems()) < 2 || list.GetItems()[0].GetCurrent() || !list.GetItems()[1].GetCurrent() {
		t.Fatalf("own sessions, the newest first: %v, %v", list, err)
	}
	other := list.GetItems()[0].GetSessionId()
	if _, err := i.door().ListSessions(here, &identityv1.ListSessionsRequest{Account: "admin"}); reason(err) != "NOT_ADMITTED" {
		t.Errorf("somebody else's: %v", err)
	}
	of, err := i.door().ListSessions(i.admin, &identityv1.ListSessionsRequest{Account: "li"})
	if err != nil || len(of.GetItems()) != len(list.GetItems()) {
		t.Errorf("for the administrator: %v, %v", of, err)
	}
	mine, err := i.door().ListSessions(i.admin, &identityv1.ListSessionsRequest{})
	if err != nil || len(mine.GetItems()) == 0 {
		t.Fatal(err)
	}
	for _, id := range []string{mine.GetItems()[0].GetSessionId(), "ses_none"} {
		if _, err := i.door().EndSession(here, &identityv1.EndSessionRequest{SessionId: id}); reason(err) != "SESSION_UNKNOWN" {
			t.Errorf("ending %s: %v", id, err)
		}
	}
	if _, err := i.door().EndSession(here, &identityv1.EndSessionRequest{SessionId: other}); err != nil {
		t.Fatal(err)
	}
	i.eventually("the ended session is refused", func() bool { return !i.admitted(there) })
	if !i.admitted(here) {
		t.Error("the session that ended it is refused, too")
	}
	if _, err := i.door().EndSession(i.admin, &identityv1.EndSessionRequest{SessionId: list.GetItems()[1].GetSessionId()}); err != nil {
		t.Fatal(err)
	}
	i.eventually("what the administrator ended is refused", func() bool { return !i.admitted(here) })
}

// A service of another process refuses an ended session as soon, although the
// bus is dead.
//
// Covers: IDN-067
func TestAnotherProcessRefusesAnEndedSessionWithoutTheBus(t *testing.T) {
	i := install(t)
	o := i.options
	o.Definitions = []servicekit.Definition{i.neighbour("policy")}
	o.FollowSessions = true
	o.Remote = func(service string) (grpc.ClientConnInterface, error) { return i.host.Conn(service), nil }
	elsewhere, err := servicekit.NewHost(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	look := func() error {
		_, err := runtimev1.NewRuntimeServiceClient(elsewhere.Conn("policy")).GetStatus(i.admin, &runtimev1.GetStatusRequest{Service: "policy"})
		return err
	}
	go func() { done <- elsewhere.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	i.eventually("the other process has looked", func() bool { return look() == nil })
	i.bus.Close()
	if _, err := i.door().EndSession(i.admin, &identityv1.EndSessionRequest{}); err != nil {
		t.Fatal(err)
	}
	i.eventually("the other process refuses", func() bool { return reason(look()) == "SESSION_ENDED" })
	i.eventually("and so does this one", func() bool { return !i.admitted(i.admin) })
}
