package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// parameters are those of the appending connection. Confirmed means on disk,
// whatever the role's default is. The plans of es.append are made once and must
// hold from the empty store to the full one: only index look-ups do.
var parameters = map[string]string{
	"synchronous_commit":            "on",
	"plan_cache_mode":               "force_generic_plan",
	"enable_seqscan":                "off",
	"enable_hashjoin":               "off",
	"enable_mergejoin":              "off",
	"enable_bitmapscan":             "off",
	"jit":                           "off",
	"work_mem":                      "32MB",
	"default_transaction_isolation": "read committed",
}

// link is the connection on which appends are written.
type link struct {
	conn       *pgconn.PgConn
	input      uint32 // OID of es.input
	parameters [2][]byte
}

func dial(ctx context.Context, config *pgx.ConnConfig) (*link, error) {
	c := config.Config.Copy()
	for name, value := range parameters {
		c.RuntimeParams[name] = value
	}
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("connect for appending: %w", err)
	}
	l := &link{conn: conn}
	if err := l.prepare(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *link) prepare(ctx context.Context) error {
	for name, statement := range map[string]string{
		"many": `SELECT * FROM es.append($1, $2)`,
		"one":  `SELECT * FROM es.append_one($1, $2)`,
	} {
		description, err := l.conn.Prepare(ctx, name, statement, nil)
		if err != nil {
			return fmt.Errorf("prepare to append: %w", err)
		}
		if name == "one" {
			l.input = description.ParamOIDs[0]
		}
	}
	return nil
}

// verdict is a row of es.append.
type verdict struct {
	ordinal              int
	kind                 int
	first, last, version int64
}

// send writes a batch in one call. Without an error it is committed: the
// server is heard to the end, because a commit can fail after the last row.
func (l *link) send(ctx context.Context, batch []*request, at time.Time) ([]verdict, error) {
	name := "many"
	l.parameters[0] = l.parameters[0][:0]
	if len(batch) == 1 && len(batch[0].append.Events) == 1 {
		name = "one"
		l.parameters[0] = l.record(l.parameters[0], batch[0], 1, 1, 0)
	} else {
		l.parameters[0] = l.array(l.parameters[0], batch)
	}
	l.parameters[1] = binary.BigEndian.AppendUint64(l.parameters[1][:0], microseconds(at))
	result := l.conn.ExecPrepared(ctx, name, l.parameters[:], binaryFormat, binaryFormat).Read()
	if result.Err != nil {
		return nil, fmt.Errorf("append: %w", result.Err)
	}
	return verdicts(result.Rows, len(batch))
}

var binaryFormat = []int16{pgx.BinaryFormatCode}

// verdicts decodes the rows of es.append.
func verdicts(rows [][][]byte, appends int) ([]verdict, error) {
	var vs []verdict
	for _, row := range rows {
		if len(row) != 5 || len(row[0]) != 4 || len(row[1]) != 4 || len(row[2]) != 8 || len(row[3]) != 8 || len(row[4]) != 8 {
			return nil, errors.New("append: the database answers in another form; migrate it")
		}
		v := verdict{
			ordinal: int(binary.BigEndian.Uint32(row[0])), kind: int(binary.BigEndian.Uint32(row[1])),
			first: int64(binary.BigEndian.Uint64(row[2])), last: int64(binary.BigEndian.Uint64(row[3])),
			version: int64(binary.BigEndian.Uint64(row[4])),
		}
		if (len(vs) == 0) != (v.ordinal == 0) || v.ordinal > appends {
			return nil, errors.New("append: the database answers about appends that were not sent; migrate it")
		}
		vs = append(vs, v)
	}
	if len(vs) == 0 {
		return nil, errors.New("append: the database answers nothing; migrate it")
	}
	return vs, nil
}

func (l *link) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx) // nothing is lost with it
}
