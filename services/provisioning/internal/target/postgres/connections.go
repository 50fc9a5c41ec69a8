package postgres

import (
	"context"
)

// endSQL signals all connections at once; awaitSQL then waits for each to end.
const (
	endSQL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = ANY ($1::text[]) AND pid <> pg_backend_pid()`
	awaitSQL = `SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE usename = ANY ($1::text[]) AND pid <> pg_backend_pid() AND (backend_start IS NULL OR backend_start < $2)`
)

// endConnections ends the connections of accounts that lost a right: a session
// may have taken the right's role on and keeps it until it ends.
func (s *Session) endConnections(ctx context.Context, changes []named, at []int, results []error) error {
	var losers []int
	var accounts []string
	for i, c := range changes {
		if !c.Give && !c.KeepMember && results[at[i]] == nil {
			losers, accounts = append(losers, i), append(accounts, c.account)
		}
	}
	if len(accounts) == 0 {
		return nil
	}
	err := s.end(ctx, accounts)
	if err == nil || !isAnswer(err) {
		return classify("end connections", err)
	}
	for _, i := range losers { // one of them may not be ended: find out which
		err := s.end(ctx, []string{changes[i].account})
		if err != nil && !isAnswer(err) {
			return classify("end connections", err)
		}
		results[at[i]] = classify("end connections", err)
	}
	return nil
}

func (s *Session) end(ctx context.Context, accounts []string) error {
	ctx, cancel := s.limit(ctx)
	defer cancel()
	if err := s.conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&s.since); err != nil {
		return err
	}
	if _, err := s.conn.Exec(ctx, endSQL, accounts); err != nil {
		return err
	}
	_, err := s.conn.Exec(ctx, awaitSQL, accounts, s.since)
	return err
}
