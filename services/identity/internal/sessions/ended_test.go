package sessions_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
	"github.com/ostiary/ostiary/services/identity/internal/sessions"
)

// What had ended before is told first, from the read model; then what ends, from
// the events, as soon as it does.
func TestEndedSessionsAreTold(t *testing.T) {
	t.Parallel()
	pool := testkit.Postgres(t).Pool(t)
	for _, statement := range []string{
		"CREATE SCHEMA rm_sessions; SET search_path = rm_sessions; " + readmodel.Sessions().Schema + "; RESET search_path",
		"INSERT INTO rm_sessions.sessions (session_id, account, opened, since, expires_at, ended) VALUES ('ses_old', 'x', 0, now(), now(), 0), ('ses_open', 'x', 0, now(), now(), NULL)",
	} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	journal := &eventstore.Journal{Service: "identity", Store: memory.New(clock.System{}), Sealer: eventstore.NoSealer{}}
	log := sessions.Log{Store: journal.Store, Pool: pool}
	known, after, err := log.Ended(t.Context(), authn.Beginning)
	if err != nil || !slices.Equal(known, []string{"ses_old"}) {
		t.Fatalf("at the beginning: %v, %v", known, err)
	}
	told := make(chan []string, 1)
	go func() {
		ended, _, _ := log.Ended(t.Context(), after)
		told <- ended
	}()
	for _, id := range []string{"ses_1", "ses_2"} {
		e, err := journal.Encode(t.Context(), &identityv1.SessionEnded{SessionId: id})
		if err != nil {
			t.Fatal(err)
		}
		_, err = journal.Store.Append(t.Context(), eventstore.Append{
			Stream: "session-" + id, Command: eventstore.Command{ID: uuid.NewString()}, Events: []eventstore.NewEvent{e},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if ended := <-told; len(ended) == 0 || ended[0] != "ses_1" {
		t.Errorf("whoever waits is told %v", ended)
	}
	both, next, err := log.Ended(t.Context(), after)
	if err != nil || !slices.Equal(both, []string{"ses_1", "ses_2"}) || next != after+2 {
		t.Errorf("after %d: %v, next %d, %v", after, both, next, err)
	}
}
