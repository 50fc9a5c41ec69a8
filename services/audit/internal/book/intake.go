package book

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/ledger"
)

const (
	intakePage = 1000
	intakeWait = 10_000 // milliseconds that the source holds a question
	// silent is how long a source may fail before readiness names it.
	silent = 5 * time.Second
)

// Intake takes in one source. It reads the source's Feed itself, so that the
// ledger depends on no bus; positions without holes show that nothing is
// missing.
type Intake struct {
	book    *Book
	service string
	client  runtimev1.RuntimeServiceClient
	log     *slog.Logger

	mu     sync.Mutex
	broken error
	since  time.Time
}

// NewIntake returns the intake of a service.
func NewIntake(b *Book, service string, conn grpc.ClientConnInterface, log *slog.Logger) *Intake {
	return &Intake{book: b, service: service, client: runtimev1.NewRuntimeServiceClient(conn), log: log}
}

// Source is the service that is read.
func (i *Intake) Source() string { return i.service }

// Position is the last position taken in.
func (i *Intake) Position() int64 { return i.book.Taken(i.service) }

// Parked is 0: an event that cannot be entered stops the intake, because a
// ledger with a hole proves nothing.
func (i *Intake) Parked() int { return 0 }

// WaitFor returns when the position has been entered.
func (i *Intake) WaitFor(ctx context.Context, position int64) error {
	return i.book.WaitFor(ctx, i.service, position)
}

// Causes names the source if it has failed for a while.
func (i *Intake) Causes() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	// The book itself tells that it is damaged, once for all sources.
	if i.broken == nil || errors.Is(i.broken, ErrDamaged) || (clock.System{}).Now().Sub(i.since) < silent {
		return nil
	}
	return []string{fmt.Sprintf("the ledger takes nothing in from %s since %s: %v", i.service, i.since.Format(time.RFC3339), i.broken)}
}

// Run takes in until ctx ends; a failing source is asked again.
func (i *Intake) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := i.page(ctx)
		i.note(err)
		if err != nil && ctx.Err() == nil {
			i.log.WarnContext(ctx, "the ledger could not take in", "source", i.service, "error", err.Error())
			_ = clock.System{}.Until(ctx, clock.System{}.Now().Add(500*time.Millisecond))
		}
	}
	return ctx.Err()
}

func (i *Intake) note(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err == nil {
		i.broken = nil
		return
	}
	if i.broken == nil {
		i.since = clock.System{}.Now()
	}
	i.broken = err
}

func (i *Intake) page(ctx context.Context) error {
	r, err := i.client.Feed(ctx, &runtimev1.FeedRequest{
		Service: i.service, After: i.book.Taken(i.service), Limit: intakePage, WaitMs: intakeWait,
	})
	if err != nil {
		return err
	}
	lines := make([]Line, 0, len(r.GetEvents()))
	for _, e := range r.GetEvents() {
		lines = append(lines, line(i.service, e))
	}
	if len(lines) == 0 {
		return nil
	}
	return i.book.Add(ctx, i.service, lines)
}

// line is an event's hash and where to find it again. An event that does not
// decode is entered all the same: its hash needs no meaning.
func line(service string, e *envelopev1.Envelope) Line {
	r := eventstore.FromEnvelope(e)
	l := Line{Position: r.Position, Leaf: ledger.LeafHash(service, r), Stream: r.Stream}
	f, err := eventstore.Decode(service, r)
	if err != nil || f.Message == nil {
		return l
	}
	m := f.Message.ProtoReflect()
	l.PersonID = field(m, "person_id")
	// What a file asks for has not happened: an import that broke off leaves the
	// id of a person who never came to be, and the next one makes another.
	if _, asked := f.Message.(*identityv1.HrChangeTaken); !asked {
		l.EmployeeNumber = field(m, "employee_number")
	}
	return l
}

func field(m protoreflect.Message, name protoreflect.Name) string {
	fd := m.Descriptor().Fields().ByName(name)
	if fd == nil || fd.Kind() != protoreflect.StringKind || fd.IsList() {
		return ""
	}
	return m.Get(fd).String()
}
