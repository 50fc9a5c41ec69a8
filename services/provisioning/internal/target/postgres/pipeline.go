package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// outcome reads the results of one transaction of a pipeline, up to its sync,
// and returns the first error.
func outcome(p *pgconn.Pipeline) error {
	var first error
	for {
		results, err := p.GetResults()
		if err != nil {
			first = errors.Join(first, err)
			if !isAnswer(err) {
				return first
			}
			continue
		}
		switch r := results.(type) {
		case *pgconn.ResultReader:
			if _, err := r.Close(); err != nil && first == nil {
				first = err
			}
		case *pgconn.PipelineSync:
			return first
		case nil:
			return errors.Join(first, errEnded)
		}
	}
}

// errEnded says that the server answered less than it was asked.
var errEnded = errors.New("the target ended the conversation early")

// isAnswer tells whether an error is the server's own, after which it goes on.
func isAnswer(err error) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && p.Severity != "FATAL" && p.Severity != "PANIC"
}
