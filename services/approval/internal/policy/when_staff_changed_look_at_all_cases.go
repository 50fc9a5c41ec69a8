package policy

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// lookAgainAfter is how long the lookout waits before it tries again what failed.
const lookAgainAfter = time.Second

// Lookout looks again at all cases that wait when somebody has come or moved: that
// changes who heads a unit or stands above whom, and so may concern a case in which
// the person has no part (APR-010). One look serves for everything that happened
// before it, so a thousand movers cost a few looks and delay nothing else. What a
// stop of the process forgets, the first look after the start makes good.
type Lookout struct {
	cases *Cases
	wake  chan struct{}

	mu   sync.Mutex
	last *eventstore.Fact // nil: nothing has happened since the last look
}

// NewLookout returns a lookout over the cases.
func NewLookout(c *Cases) *Lookout { return &Lookout{cases: c, wake: make(chan struct{}, 1)} }

// WhenStaffChangedLookAtAllCases wakes the lookout.
func WhenStaffChangedLookAtAllCases(l *Lookout) messaging.Policy {
	return messaging.Policy{
		Name: "when_staff_changed_look_at_all_cases", Source: "identity",
		On: []proto.Message{&identityv1.EmploymentStarted{}, &identityv1.PostChanged{}},
		Do: func(_ context.Context, f eventstore.Fact) error {
			l.note(&f)
			return nil
		},
	}
}

// note keeps the newest event that a look has to see.
func (l *Lookout) note(f *eventstore.Fact) {
	l.mu.Lock()
	if l.last == nil || f.Position > l.last.Position {
		l.last = f
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default: // it is awake
	}
}

func (l *Lookout) take() *eventstore.Fact {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.last
	l.last = nil
	return f
}

// Run looks once, and then whenever somebody has come or moved, until ctx ends.
func (l *Lookout) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		f, began := l.take(), clock.System{}.Now()
		err := l.look(ctx, f)
		if err != nil && ctx.Err() == nil {
			l.cases.Log.WarnContext(ctx, "the cases that wait were not looked at; it is tried again", "error", err)
			_ = clock.System{}.Until(ctx, clock.System{}.Now().Add(lookAgainAfter)) // the loop ends with ctx
			if f != nil {
				l.note(f)
			}
			continue
		}
		took := clock.System{}.Now().Sub(began)
		_ = clock.System{}.Until(ctx, clock.System{}.Now().Add(took)) // half of the time is for others; the loop ends with ctx
		select {
		case <-ctx.Done():
		case <-l.wake:
		}
	}
	return nil
}

// look gives every case that waits to whoever may sign it now. f is the newest
// event that identity must have seen; nil at the start: then it is whatever was
// taken in before.
func (l *Lookout) look(ctx context.Context, f *eventstore.Fact) error {
	m := eventstore.Metadata{Actor: "service:" + l.cases.Service}
	if f != nil {
		ctx, m = signers.NotBefore(ctx, f.Position), messaging.CausedBy(l.cases.Service, *f)
	} else {
		taken, err := messaging.TakenIn(ctx, l.cases.Pool, "identity")
		if err != nil {
			return err
		}
		ctx = signers.NotBefore(ctx, taken)
	}
	if err := l.cases.caughtUp(ctx); err != nil {
		return err
	}
	waiting, err := readmodel.Waiting(ctx, l.cases.Pool)
	if err != nil {
		return err
	}
	var failed []error // one case that cannot be looked at keeps no other waiting
	for _, id := range waiting {
		command := uuid.Must(uuid.NewV7()).String()
		failed = append(failed, l.cases.Reassign(ctx, id, eventstore.Command{
			ID: command, Digest: eventstore.Digest("look", approvalcase.Stream(id), l.cases.Service, []byte(command)),
		}, m, approvalcase.CauseAuthority))
	}
	return errors.Join(failed...)
}
