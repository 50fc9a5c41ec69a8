package messaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
)

const (
	// inboxPage is how many events advance the position together.
	inboxPage = 256
	// inboxWorkers is how many streams of a page are processed at once.
	inboxWorkers = 32
	// standbyPoll is how often a process that is not active looks again.
	standbyPoll = 500 * time.Millisecond
	// parkedPoll is how often the list of what is parked is read again.
	parkedPoll = 2 * time.Second
)

// Inbox takes in the events of one source for one service. See the package
// comment for what it promises.
type Inbox struct {
	service string
	source  string
	pool    *pgxpool.Pool
	log     *slog.Logger
	decode  func(context.Context, eventstore.Recorded) (eventstore.Fact, error)
	wants   wants
	supply  supply
	listen  func(context.Context) error // receives from NATS; nil for the own store
	// retrying is held by the one Retry that runs.
	retrying *postgres.Lock

	at     progress
	parked parkedSummary
	health health
}

// NewInbox returns the inbox of another service's events. They come from bus
// and, where that fails, from feed.
func NewInbox(service, source string, bus *nats.Conn, pool *pgxpool.Pool, feed Feed, policies []Policy, log *slog.Logger) (*Inbox, error) {
	i, err := newInbox(service, source, pool, policies, log)
	if err != nil {
		return nil, err
	}
	i.decode = func(_ context.Context, r eventstore.Recorded) (eventstore.Fact, error) {
		return eventstore.Decode(source, r)
	}
	buffer := newReorder()
	i.supply = &remote{
		source: source, feed: feed, buffer: buffer, health: &i.health, connected: bus.IsConnected,
		pause: backoff{first: 100 * time.Millisecond, limit: 5 * time.Second},
	}
	i.listen = func(ctx context.Context) error { return i.receive(ctx, bus, buffer) }
	return i, nil
}

// NewOwnInbox returns the inbox of the service's own events, straight from its
// store.
func NewOwnInbox(service string, journal *eventstore.Journal, pool *pgxpool.Pool, policies []Policy, log *slog.Logger) (*Inbox, error) {
	i, err := newInbox(service, service, pool, policies, log)
	if err != nil {
		return nil, err
	}
	i.decode = journal.Decode
	i.supply = ownStore{journal.Store}
	return i, nil
}

func newInbox(service, source string, pool *pgxpool.Pool, policies []Policy, log *slog.Logger) (*Inbox, error) {
	w, err := newWants(source, policies)
	if err != nil {
		return nil, err
	}
	i := &Inbox{
		service: service, source: source, pool: pool, wants: w, log: log.With("inbox", source),
		retrying: postgres.NewLock(pool, "ostiary inbox retry "+source),
	}
	i.at.changed = make(chan struct{})
	return i, nil
}

// Source is the service whose events are taken in.
func (i *Inbox) Source() string { return i.source }

// Position is the last position that was taken in.
func (i *Inbox) Position() int64 { return i.at.get() }

// WaitFor returns when everything up to the position was taken in, or with the
// error of ctx.
func (i *Inbox) WaitFor(ctx context.Context, position int64) error {
	return i.at.wait(ctx, position)
}

// Parked is how many events are parked.
func (i *Inbox) Parked() int { return i.parked.count() }

// FirstParked is the position of the oldest parked event, 0 if there is none.
func (i *Inbox) FirstParked() int64 { return i.parked.first() }

// Causes tells why the inbox is not ready: what is parked and what has failed
// for a while. It names streams and shows errors, so it is for those who are
// signed in.
func (i *Inbox) Causes() []string {
	return slices.Concat(i.parked.causes(i.service, i.source), i.health.causes())
}

// Run takes events in until ctx ends. It survives every failure of NATS, the
// source and the database, and tries again.
func (i *Inbox) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { i.watchParked(ctx); return nil })
	g.Go(func() error {
		pause := backoff{first: 50 * time.Millisecond, limit: 5 * time.Second}
		for ctx.Err() == nil {
			before := i.Position()
			err := i.lead(ctx)
			if ctx.Err() != nil {
				break
			}
			i.health.failed(leading, fmt.Sprintf("inbox of %s in %s at %d: %v", i.source, i.service, i.Position(), err))
			i.log.WarnContext(ctx, "inbox was interrupted", "position", i.Position(), "error", err)
			if i.Position() > before {
				pause.reset()
			}
			_ = pause.wait(ctx) // the loop ends with ctx
		}
		return nil
	})
	return g.Wait()
}

// leading is what an inbox reports on in its health when it cannot work.
const leading = "leading"

// lead waits for the lock that makes this process the active one, and works
// until something fails.
func (i *Inbox) lead(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, i.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // gives the lock free either way
	}()
	if err := i.lock(ctx, conn); err != nil {
		return err
	}
	if err := i.supply.begin(ctx, i.Position()); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	if i.listen != nil {
		g.Go(func() error {
			if err := i.listen(ctx); err != nil {
				return fmt.Errorf("receive: %w", err)
			}
			return errNotReceiving
		})
	}
	g.Go(func() error { return i.work(ctx, conn) })
	return g.Wait()
}

// lock takes the advisory lock of the source, which this connection holds until
// it closes; meanwhile it follows the active process. It loads the position.
func (i *Inbox) lock(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "INSERT INTO messaging.inbox (source, position) VALUES ($1, 0) ON CONFLICT DO NOTHING", i.source)
	if err != nil {
		return fmt.Errorf("enter the source: %w", err)
	}
	for {
		var active bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended('ostiary inbox ' || $1, 0))", i.source).Scan(&active); err != nil {
			return fmt.Errorf("ask for the lock: %w", err)
		}
		var position int64
		if err := conn.QueryRow(ctx, "SELECT position FROM messaging.inbox WHERE source = $1", i.source).Scan(&position); err != nil {
			return fmt.Errorf("read the position: %w", err)
		}
		i.at.set(position)
		if active {
			return nil
		}
		if err := sleep(ctx, standbyPoll); err != nil {
			return err
		}
	}
}

// work processes page after page.
func (i *Inbox) work(ctx context.Context, conn *pgx.Conn) error {
	blocked, err := parkedStreams(ctx, conn, i.source)
	if err != nil {
		return err
	}
	for {
		page, err := i.supply.next(ctx, i.Position(), inboxPage)
		if err != nil {
			return fmt.Errorf("get events: %w", err)
		}
		if len(page) == 0 {
			continue
		}
		if first := page[0].Position; first != i.Position()+1 {
			return fmt.Errorf("got position %d where %d was due", first, i.Position()+1)
		}
		if err := i.process(ctx, conn, page, blocked); err != nil {
			return err
		}
		i.at.set(page[len(page)-1].Position)
		i.health.well(leading)
	}
}

// errNotReceiving says that the router has ended.
var errNotReceiving = errors.New("receiving has ended")

// errFenced says that another process has advanced the position.
var errFenced = errors.New("another process has advanced the position")
