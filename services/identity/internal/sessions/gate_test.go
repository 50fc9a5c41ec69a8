package sessions_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

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

type door struct {
	gate    *sessions.Gate
	journal *eventstore.Journal
	offset  atomic.Int64
}

// open starts a gate; ended sessions of the read model are given.
func open(t *testing.T, ended ...string) (*door, context.CancelFunc) {
	t.Helper()
	pool := testkit.Postgres(t).Pool(t)
	if _, err := pool.Exec(t.Context(), "CREATE SCHEMA rm_sessions; SET search_path = rm_sessions; "+readmodel.Sessions().Schema+"; RESET search_path"); err != nil {
		t.Fatal(err)
	}
	for _, id := range ended {
		if _, err := pool.Exec(t.Context(), "INSERT INTO rm_sessions.sessions (session_id, account, opened, since, expires_at, ended) VALUES ($1, 'x', 0, now(), now(), 0)", id); err != nil {
			t.Fatal(err)
		}
	}
	d := &door{journal: &eventstore.Journal{Service: "identity", Store: memory.New(clock.System{}), Sealer: eventstore.NoSealer{}}}
	d.gate = sessions.New(d.journal.Store, pool, func() time.Time { return time.Now().Add(time.Duration(d.offset.Load())) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.gate.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return d, func() { cancel(); <-done }
}

func (d *door) end(t *testing.T, session string) {
	t.Helper()
	e, err := d.journal.Encode(t.Context(), &identityv1.SessionEnded{SessionId: session})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.journal.Store.Append(t.Context(), eventstore.Append{
		Stream: "session-" + session, Command: eventstore.Command{ID: uuid.NewString()}, Events: []eventstore.NewEvent{e},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(time.Millisecond)
	}
}

func TestAnEndedSessionIsRefused(t *testing.T) {
	t.Parallel()
	d, _ := open(t, "ses_old")
	eventually(t, "the gate has looked", d.gate.Ready)
	if d.gate.Check("ses_1") != nil || !errors.Is(d.gate.Check("ses_old"), authn.ErrSessionEnded) {
		t.Error("the gate does not know what had ended before")
	}
	d.end(t, "ses_1")
	eventually(t, "ses_1 is refused", func() bool { return errors.Is(d.gate.Check("ses_1"), authn.ErrSessionEnded) })
	if d.gate.Check("ses_2") != nil {
		t.Error("another session is refused, too")
	}
}

func TestADoorThatCannotSeeStaysShut(t *testing.T) {
	t.Parallel()
	d, stop := open(t)
	eventually(t, "the gate has looked", d.gate.Ready)
	stop()
	if d.gate.Check("ses_1") != nil {
		t.Error("shut at once")
	}
	d.offset.Store(int64(31 * time.Second))
	if !errors.Is(d.gate.Check("ses_1"), authn.ErrSessionUncertain) || d.gate.Ready() {
		t.Error("open after half a minute of silence")
	}
}

func TestBeforeItHasLookedItAdmitsNobody(t *testing.T) {
	t.Parallel()
	if g := sessions.New(nil, nil, time.Now); !errors.Is(g.Check("ses_1"), authn.ErrSessionUncertain) {
		t.Error("admitted")
	}
}
