package servicekit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/fault"
)

// clockSchema keeps where a simulated clock stands, so that a restart goes on
// from there.
const clockSchema = `
CREATE SCHEMA IF NOT EXISTS runtime;
CREATE TABLE IF NOT EXISTS runtime.clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    stands_at timestamptz NOT NULL
);`

// The refusals of a clock.
var (
	ErrClockNotSimulated = fault.New(fault.Refused, "CLOCK_NOT_SIMULATED",
		"This installation follows the machine's clock; start it with OSTIARY_CLOCK=simulated:2026-01-05T09:00+08:00 to move time.",
		"本系统使用机器时钟；以 OSTIARY_CLOCK=simulated:2026-01-05T09:00+08:00 启动后方可推进时间。")
	ErrClockInstant = fault.New(fault.Invalid, "CLOCK_INSTANT_INVALID",
		"A clock is moved to a later instant before the year 9999.", "时钟只能推进到更晚的、公元 9999 年之前的时刻。")
)

func migrateClock(ctx context.Context, owner *pgx.Conn, serviceRole string) error {
	role := pgx.Identifier{serviceRole}.Sanitize()
	return pgx.BeginFunc(ctx, owner, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('ostiary clock migration', 0));"+clockSchema+
			"GRANT USAGE ON SCHEMA runtime TO "+role+"; GRANT SELECT, INSERT, UPDATE ON runtime.clock TO "+role)
		return err
	})
}

// restoreClock moves a simulated clock to where it stood. Services of one
// process share the clock, and so go on from the latest of them.
func restoreClock(ctx context.Context, pool *pgxpool.Pool, c clock.Clock) error {
	simulated, ok := c.(*clock.Manual)
	if !ok {
		return nil
	}
	var at time.Time
	err := pool.QueryRow(ctx, `SELECT stands_at FROM runtime.clock`).Scan(&at)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("read the simulated clock: %w", err)
	}
	simulated.Set(at)
	return nil
}

// GetClock tells the time of the service.
func (s *runtimeServer) GetClock(ctx context.Context, r *runtimev1.GetClockRequest) (*runtimev1.GetClockResponse, error) {
	if err := s.check(r.GetService()); err != nil {
		return nil, err
	}
	c := s.unit.platform.Clock
	_, simulated := c.(*clock.Manual)
	answer := &runtimev1.GetClockResponse{Now: timestamppb.New(c.Now()), Simulated: simulated}
	next, ok, err := s.unit.projections.NextDue(ctx)
	if err != nil {
		return nil, err
	}
	if ok {
		answer.NextDue = timestamppb.New(next)
	}
	return answer, nil
}

// SetClock moves the simulated clock of the process. Where it will stand is
// written down first: time that was seen does not come again.
func (s *runtimeServer) SetClock(ctx context.Context, r *runtimev1.SetClockRequest) (*runtimev1.SetClockResponse, error) {
	if err := s.check(r.GetService()); err != nil {
		return nil, err
	}
	simulated, ok := s.unit.platform.Clock.(*clock.Manual)
	if !ok {
		return nil, ErrClockNotSimulated
	}
	if r.GetAt().CheckValid() != nil || r.GetAt().AsTime().Before(simulated.Now()) || r.GetAt().AsTime().Year() > 9998 {
		return nil, ErrClockInstant
	}
	_, err := s.unit.pool.Exec(ctx, `INSERT INTO runtime.clock AS c (stands_at) VALUES ($1)
		ON CONFLICT (one) DO UPDATE SET stands_at = greatest(c.stands_at, excluded.stands_at)`, r.GetAt().AsTime())
	if err != nil {
		return nil, fmt.Errorf("keep the simulated clock: %w", err)
	}
	simulated.Set(r.GetAt().AsTime())
	return &runtimev1.SetClockResponse{Now: timestamppb.New(simulated.Now())}, nil
}
