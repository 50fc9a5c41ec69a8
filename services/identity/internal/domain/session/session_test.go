package session_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/session"
)

func TestASessionIsOpenedAndEndedOnce(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	open := session.OpenSession{ID: "ses_1", PersonID: "per_1", Account: "admin", ExpiresAt: until, CredentialID: "crd_1"}
	opened := &identityv1.SessionOpened{PersonId: "per_1", Account: "admin", SessionId: "ses_1", ExpiresAt: timestamppb.New(until), CredentialId: "crd_1"}
	testkit.Rule(t, session.Decider).
		When(session.End{Reason: "signed_out"}).ThenRefused(session.ErrUnknown).
		When(open).Then(opened).When(open).ThenNothing().
		When(session.End{Reason: "signed_out"}).
		Then(&identityv1.SessionEnded{PersonId: "per_1", Account: "admin", SessionId: "ses_1", Reason: "signed_out"}).
		When(session.End{Reason: "signed_out"}).ThenNothing()
	s := session.Evolve(session.State{}, opened)
	if !s.Live(until.Add(-time.Second)) || s.Live(until) || (session.State{}).Live(until) {
		t.Error("a session lives from its opening to its expiry")
	}
	if session.Evolve(s, &identityv1.SessionEnded{}).Live(until.Add(-time.Second)) {
		t.Error("an ended session lives")
	}
}
