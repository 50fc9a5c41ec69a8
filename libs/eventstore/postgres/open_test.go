package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/eventstore/storetest"
	"github.com/ostiary/ostiary/libs/testkit"
)

func TestOpenRefusesAServerThatMayLose(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			c := newCellOn(t, testkit.PostgresWith(t, setting+"=off"), 20)
			s, err := postgres.Open(t.Context(), testkit.Pool(t, c.service), clock.System{})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, postgres.ErrNotDurable) || !strings.Contains(err.Error(), setting) {
				t.Errorf("err = %v, want %v naming %s", err, postgres.ErrNotDurable, setting)
			}
		})
	}
}

// A role that turns synchronous_commit off afterwards does not reach the
// connection that appends.
func TestAppendingStaysDurable(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	s := c.open(t)
	fill(t, s, 1)
	conn := connect(t, c.Admin)
	if _, err := conn.Exec(t.Context(), "ALTER DATABASE "+c.Name+" SET synchronous_commit = off"); err != nil {
		t.Fatal(err)
	}
	if setting := s.AppendSetting(t.Context(), t, "synchronous_commit"); setting != "on" {
		t.Errorf("synchronous_commit = %s on the appending connection, want on", setting)
	}
}

func TestOpenNeedsMigration(t *testing.T) {
	t.Parallel()
	if s, err := postgres.Open(t.Context(), testkit.Postgres(t).Pool(t), clock.System{}); err == nil {
		s.Close()
		t.Error("a database without the schema was opened")
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	s := newCell(t).open(t)
	fill(t, s, 1)
	ended := make(chan error, 1)
	go func() { ended <- s.Wait(t.Context(), 1) }()
	s.Close()
	if err := <-ended; !errors.Is(err, postgres.ErrClosed) {
		t.Errorf("Wait = %v, want %v", err, postgres.ErrClosed)
	}
	if _, err := s.Append(t.Context(), storetest.New(1)); !errors.Is(err, postgres.ErrClosed) {
		t.Errorf("Append = %v, want %v", err, postgres.ErrClosed)
	}
}
