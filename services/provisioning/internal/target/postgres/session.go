package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// Session holds a target's lock; see target.Session.
type Session struct {
	target *Target
	conn   *pgx.Conn
	system string
	// since is, by the target's clock, after the last Apply and before the
	// connections of its accounts were ended: what is older had the old rights.
	since time.Time
}

// System implements target.Session.
func (s *Session) System() string { return s.system }

// Close implements target.Session.
func (s *Session) Close() { closeSoon(s.conn) }

// lock takes the target. The settings make the server drop a holder whose
// machine is gone: otherwise nobody could take over. Commits need not be flushed
// one by one, as flush does that for all.
func (s *Session) lock(ctx context.Context) error {
	ctx, cancel := s.limit(ctx)
	defer cancel()
	var locked bool
	err := s.conn.QueryRow(ctx, `
		WITH wanted(name, value) AS (VALUES
			('idle_session_timeout', '60s'), ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'),
			('tcp_keepalives_count', '3'), ('tcp_user_timeout', '30s'), ('synchronous_commit', 'off'),
			('createrole_self_grant', '')),
		done AS MATERIALIZED (SELECT set_config(name, value, false) FROM wanted JOIN pg_settings USING (name))
		SELECT pg_try_advisory_lock($1) FROM (SELECT count(*) FROM done) AS all_of_them`,
		lockKey(s.target.options.Prefix)).Scan(&locked)
	switch {
	case err != nil:
		return classify("take the target", err)
	case !locked:
		return target.ErrBusy
	}
	return nil
}

// Apply implements target.Session.
func (s *Session) Apply(ctx context.Context, changes []target.Change) ([]error, error) {
	results := make([]error, len(changes))
	todo, at := s.names(changes, results)
	f, err := s.look(ctx, todo)
	if err != nil {
		return nil, err
	}
	var groups []group
	for _, right := range missing(f, todo) {
		groups = append(groups, group{change: -1, statements: []string{"CREATE ROLE " + quoted(right) + " NOLOGIN"}})
	}
	for i, c := range todo {
		statements, err := plan(f, c)
		if err != nil {
			results[at[i]] = err
		} else if len(statements) > 0 {
			groups = append(groups, group{change: at[i], statements: statements})
		}
	}
	if err := s.carryOut(ctx, groups, results); err != nil {
		return nil, err
	}
	return results, s.endConnections(ctx, todo, at, results)
}

// names gives each change its names; at tells which change each came from.
func (s *Session) names(changes []target.Change, results []error) (todo []named, at []int) {
	for i, c := range changes {
		n, err := s.target.name(c)
		if err != nil {
			results[i] = err
			continue
		}
		todo, at = append(todo, n), append(at, i)
	}
	return todo, at
}

func (t *Target) name(c target.Change) (named, error) {
	account, err := AccountName(t.options.Prefix, c.Account)
	if err != nil {
		return named{}, err
	}
	right, err := RightName(t.options.Prefix, c.Application, c.Role)
	return named{Change: c, account: account, right: right}, err
}

// group is what must happen in one transaction; change is -1 for what several
// need.
type group struct {
	change     int
	statements []string
}

// carryOut sends all groups at once, each a transaction of its own, and a last
// one whose commit flushes them all.
func (s *Session) carryOut(ctx context.Context, groups []group, results []error) error {
	if len(groups) == 0 {
		return nil
	}
	ctx, cancel := s.limit(ctx)
	defer cancel()
	p := s.conn.PgConn().StartPipeline(ctx)
	for _, g := range groups {
		for _, statement := range g.statements {
			p.SendQueryParams(statement, nil, nil, nil, nil)
		}
		if err := p.Sync(); err != nil {
			return s.lost(p, "change roles", err)
		}
	}
	p.SendQueryParams("SELECT set_config('synchronous_commit', 'on', true), txid_current()", nil, nil, nil, nil)
	if err := p.Sync(); err != nil {
		return s.lost(p, "flush", err)
	}
	for _, g := range groups {
		err := outcome(p)
		switch {
		case err == nil:
		case s.conn.IsClosed() || !isAnswer(err):
			return s.lost(p, "change roles", err)
		case g.change >= 0:
			results[g.change] = classify("change roles", err)
		}
	}
	if err := outcome(p); err != nil {
		return s.lost(p, "flush", err)
	}
	return classify("change roles", p.Close())
}

// lost ends a pipeline that broke; the session with it.
func (s *Session) lost(p *pgconn.Pipeline, operation string, err error) error {
	_ = p.Close() // err says what is wrong
	closeSoon(s.conn)
	return classify(operation, err)
}

func (s *Session) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.target.options.Timeout)
}
