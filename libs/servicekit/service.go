package servicekit

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/privacy"
	"github.com/ostiary/ostiary/libs/projection"
)

// Definition is a service before it runs.
type Definition struct {
	// Name is the service's name everywhere: database, streams, subjects,
	// settings ("access-request" reads ACCESS_REQUEST_…).
	Name string
	// Personal says that the service stores personal data and so keeps keys.
	Personal bool
	// Migrations are numbered SQL files for tables beside events and read
	// models, run by the owner role; may be nil.
	Migrations fs.FS
	// New builds the service. It starts nothing.
	New func(ctx context.Context, p *Platform) (*Service, error)
}

// Platform is what a process gives to a service.
type Platform struct {
	// Service is the name of the service.
	Service string
	// Journal writes and reads its events.
	Journal *eventstore.Journal
	// Pool is its database, under its own role.
	Pool *pgxpool.Pool
	// Bus is the connection to NATS, under its own user.
	Bus *nats.Conn
	// Keyring opens personal data; nil unless Definition.Personal.
	Keyring *privacy.Keyring
	// Clock is the only time.
	Clock clock.Clock
	// Zone is where local days begin and end; default Asia/Shanghai.
	Zone *time.Location
	// Dial connects to another service, signed in as this one.
	Dial func(service string) grpc.ClientConnInterface
	// Settled returns when this service has taken in the source up to the
	// position and its projections show the consequence.
	Settled func(ctx context.Context, source string, position int64) error
	// Projected returns when the projections show the own position.
	Projected func(ctx context.Context, position int64) error
	// KeyFile returns the path of a key of this name outside the databases.
	KeyFile func(name string) string
	// Log is for operators; never personal data or secrets.
	Log *slog.Logger
}

// Service is what a service contributes to a process.
type Service struct {
	// Register adds its gRPC services.
	Register func(grpc.ServiceRegistrar)
	// Projections are its read models.
	Projections []projection.Projection
	// Policies are its reactions, of any source.
	Policies []messaging.Policy
	// Deadlines are what it does when time has come.
	Deadlines *projection.Deadlines
	// Intakes are what it takes in otherwise than by policies.
	Intakes []Intake
	// Workers run until the context ends; the first error stops the process.
	Workers []Worker
	// CheckSession refuses a session that no longer admits anybody; only the
	// service that keeps the sessions sets it. It must be cheap.
	CheckSession func(session string) error
	// Client checks an outside system that connects to the bus; only the
	// service that keeps the clients sets it.
	Client func(user, password string) (OutsideClient, bool)
	// Causes lists why the service is not ready, one sentence each; may be nil.
	Causes func() []string
}

// Worker is a named goroutine with an owner that waits for it.
type Worker struct {
	Name string
	Run  func(ctx context.Context) error
}

// OutsideClient is an outside system that may use a feed of the bus.
type OutsideClient struct {
	// Name is the client's name.
	Name string
	// Feed is hr or lifecycle.
	Feed string
	// Source is the HR source that it speaks for, * for all.
	Source string
	// Stream and Durables are where it reads.
	Stream   string
	Durables []string
}

// User is the client as a user of the bus.
func (c OutsideClient) User(password string) messaging.User {
	publish := ""
	if c.Source != "" {
		publish = "hr." + c.Source + ".>"
	}
	if c.Source == "*" {
		publish = "hr.>"
	}
	return messaging.ClientUser(c.Name, password, publish, c.Stream, c.Durables...)
}

// Intake is how far a service has taken in a source. messaging.Inbox is one.
type Intake interface {
	// Source is the service that is read.
	Source() string
	// Position is the last position taken in.
	Position() int64
	// Parked counts events that could not be processed.
	Parked() int
	// WaitFor returns when the position has been taken in.
	WaitFor(ctx context.Context, position int64) error
	// Causes lists what stands in the way.
	Causes() []string
}
