package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// The refusals of this store.
var (
	// ErrNotDurable says that the server may lose what it confirmed.
	ErrNotDurable = fault.New(fault.Unavailable, "STORE_NOT_DURABLE",
		"PostgreSQL is set so that it may lose confirmed events; set fsync, full_page_writes and synchronous_commit to on.",
		"PostgreSQL 的设置可能导致已确认的事件丢失；请将 fsync、full_page_writes 和 synchronous_commit 设为 on。")
	// ErrUnavailable says that the database did not answer.
	ErrUnavailable = fault.New(fault.Unavailable, "STORE_UNAVAILABLE",
		"The database does not answer; repeat later with the same command id.",
		"数据库暂无响应；请稍后使用相同的命令编号重试。")
	// ErrClosed says that the store was closed.
	ErrClosed = fault.New(fault.Unavailable, "STORE_CLOSED",
		"The service is stopping; repeat later with the same command id.",
		"服务正在停止；请稍后使用相同的命令编号重试。")
)

// queueLength bounds the appends that wait; more callers wait outside.
const queueLength = 4096

// Store is an event store in the schema es of a database.
type Store struct {
	pool  *pgxpool.Pool
	clock clock.Clock

	queue chan *request
	ctx   context.Context // ends with Close
	stop  context.CancelFunc
	work  sync.WaitGroup
	ended chan struct{} // closed when nothing more is written

	tail        tail
	preparing   atomic.Bool
	mu          sync.Mutex
	subscribers []func([]eventstore.Recorded)
}

// Open opens the store of a database that Migrate has prepared. It refuses a
// server that may lose what it confirms. The store uses the pool for reading
// and one connection of its own for appending; recorded_at is c's time.
func Open(ctx context.Context, pool *pgxpool.Pool, c clock.Clock) (*Store, error) {
	if err := assertDurable(ctx, pool); err != nil {
		return nil, err
	}
	// The store outlives the context of its opening.
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{
		pool: pool, clock: c, ctx: life, stop: stop,
		queue: make(chan *request, queueLength), ended: make(chan struct{}),
		tail: tail{changed: make(chan struct{}), wanted: make(chan struct{}, 1)},
	}
	head, err := s.Head(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	s.tail.advance(head)
	a := &appender{store: s}
	if err := a.connect(ctx); err != nil {
		stop()
		return nil, err
	}
	s.work.Go(a.run)
	s.work.Go(s.watch)
	s.prepare()
	return s, nil
}

// Close ends appending and waiting. Appends that were not sent answer
// ErrClosed; one that is under way is waited for.
func (s *Store) Close() {
	s.stop()
	s.work.Wait()
}

// Subscribe hands over committed batches of this process, in order, just after
// their callers were answered. The function must not block. It is a short cut,
// not a source: appends of other processes and batches whose answer was lost
// are missing, so the receiver watches for holes and reads them from the store.
func (s *Store) Subscribe(f func([]eventstore.Recorded)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(s.subscribers, f)
}

// assertDurable asks for the settings on which the promise of Append rests, as
// a connection of the service gets them.
func assertDurable(ctx context.Context, pool *pgxpool.Pool) error {
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		if err := pool.QueryRow(ctx, `SELECT current_setting($1)`, setting).Scan(&value); err != nil {
			return fmt.Errorf("ask for the setting %s: %w", setting, err)
		}
		if value == "off" {
			return ErrNotDurable.With(setting, value)
		}
	}
	return nil
}

// prepare lets the database make the next range of positions when it is time,
// beside the appends. A failure is repeated with the next batches.
func (s *Store) prepare() {
	if !s.preparing.CompareAndSwap(false, true) {
		return
	}
	s.work.Go(func() {
		defer s.preparing.Store(false)
		_, _ = s.pool.Exec(s.ctx, `SELECT es.prepare()`) // es.append makes the range if this keeps failing
	})
}
