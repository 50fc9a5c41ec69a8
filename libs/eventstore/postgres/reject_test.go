package postgres_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ostiary/ostiary/libs/eventstore/storetest"
)

// An append that the database itself rejects fails alone: the rest of its
// batch is written.
func TestRejectedAppendFailsAlone(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	s := c.open(t)
	if _, err := connect(t, c.Admin).Exec(t.Context(), `
		CREATE FUNCTION public.reject() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation'; END $$;
		CREATE TRIGGER reject BEFORE INSERT ON es.event FOR EACH ROW
			WHEN (NEW.rule = 'poison') EXECUTE FUNCTION public.reject()`); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			a := storetest.New(1 + i%2)
			poison := i%5 == 0
			if poison {
				a.Events[0].Rule = "poison"
			}
			_, err := s.Append(t.Context(), a)
			var refusal *pgconn.PgError
			switch {
			case poison && (!errors.As(err, &refusal) || refusal.Code != "23514"):
				t.Errorf("the rejected append: err = %v, want 23514", err)
			case !poison && err != nil:
				t.Errorf("a neighbour: %v", err)
			}
			if _, done, err := s.Lookup(t.Context(), a.Command); done == poison || err != nil {
				t.Errorf("Lookup = %v, %v; want %v", done, err, !poison)
			}
		})
	}
	all.Wait()
}
