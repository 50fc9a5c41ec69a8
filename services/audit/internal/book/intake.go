package book

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/ledger"
)

const (
	intakePage = 1000
	intakeWait = 10_000 // milliseconds that the source holds a question
)

// ErrBehind says that a service no longer holds what was entered from it: an
// older backup was restored. What it records now would take the positions of
// what is gone, so nothing is entered from it until that is back (AUD-018).
var ErrBehind = fault.New(fault.Unavailable, "SERVICE_BEHIND_LEDGER",
	"The service holds fewer events than were entered from it (an older backup was restored?); put back the newer backup. To see what is gone, run: ostiary audit verify.",
	"该服务的事件少于账本已登记的事件（是否恢复了较旧的备份？），请恢复较新的备份。请运行 ostiary audit verify 查看缺失的事件。")

// Intake takes in one source. It reads the source's Feed itself, so that the
// ledger depends on no bus; positions without holes show that nothing is
// missing.
type Intake struct {
	book    *Book
	service string
	client  runtimev1.RuntimeServiceClient
	log     *slog.Logger

	trouble trouble
	hold    int32 // milliseconds that the source holds the next question
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
	if since, err := i.trouble.lasting(); err != nil {
		return []string{fmt.Sprintf("the ledger takes nothing in from %s since %s: %v", i.service, since.Format(time.RFC3339), err)}
	}
	return nil
}

// Run takes in until ctx ends; a failing source is asked again.
func (i *Intake) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := i.page(ctx)
		pause := i.trouble.note(err)
		if err != nil && ctx.Err() == nil {
			i.log.WarnContext(ctx, "the ledger could not take in", "source", i.service, "error", err.Error())
			_ = clock.System{}.Until(ctx, clock.System{}.Now().Add(pause)) // the loop ends with ctx
		}
	}
	return ctx.Err()
}

// page asks for what comes next. The first question, and the first one after a
// failure, is answered at once: a source that is behind has nothing to wait for.
func (i *Intake) page(ctx context.Context) error {
	taken, hold := i.book.Taken(i.service), i.hold
	i.hold = 0
	r, err := i.client.Feed(ctx, &runtimev1.FeedRequest{Service: i.service, After: taken, Limit: intakePage, WaitMs: hold})
	if err != nil {
		return err
	}
	if r.GetHead() < taken {
		return ErrBehind.With("service", fmt.Sprint(r.GetHead())).With("ledger", fmt.Sprint(taken))
	}
	lines := make([]Line, 0, len(r.GetEvents()))
	for _, e := range r.GetEvents() {
		lines = append(lines, line(i.service, e))
	}
	if len(lines) > 0 {
		err = i.book.Add(ctx, i.service, lines)
	}
	if err == nil {
		i.hold = intakeWait
	}
	return err
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
