package postgres

import (
	"context"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// Kind is what a pack calls this kind of target.
const Kind = "postgres"

// SystemSQL reads what identifies a cluster.
const SystemSQL = "SELECT system_identifier::text FROM pg_control_system()"

// ErrEventStore says that a target lies where the event stores are.
var ErrEventStore = fault.New(fault.Refused, "TARGET_IS_EVENT_STORE",
	"The target lies in the database cluster that holds the event stores; a role that may create roles there could make itself anything. Use another cluster.",
	"该目标系统与事件库同属一个数据库集群，能建角色者即可取得一切权限，请改用另一个集群。")

// errDSN hides the connection string, which the driver would print.
var errDSN = fault.New(fault.Refused, "TARGET_REFUSED",
	"The connection string of the target cannot be read; write it as postgres://user:password@host:port/database.",
	"目标系统的连接串无法解析，请写成 postgres://用户:密码@主机:端口/数据库 的形式。")

// Options say how to reach a target.
type Options struct {
	// DSN is the connection string; never logged.
	DSN string
	// Prefix begins every name.
	Prefix string
	// OwnSystem is the system identifier of the cluster that holds the event
	// stores.
	OwnSystem string
	// Timeout limits each exchange with the target and each attempt to connect;
	// a statement may take half of it and wait for a lock a quarter.
	Timeout time.Duration
	// Now is the service's clock, for the read-back.
	Now func() time.Time
}

// Target is one PostgreSQL server.
type Target struct {
	options Options
	config  *pgx.ConnConfig
}

// New reads the connection string; it connects to nothing.
func New(o Options) (*Target, error) {
	config, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		return nil, errDSN // err may quote the connection string
	}
	config.ConnectTimeout = o.Timeout
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.RuntimeParams["application_name"] = "ostiary-provisioning"
	config.RuntimeParams["search_path"] = "pg_catalog"
	// Shorter than a whole call, so that one that hangs is told from the others.
	config.RuntimeParams["statement_timeout"] = strconv.FormatInt(o.Timeout.Milliseconds()/2, 10)
	config.RuntimeParams["lock_timeout"] = strconv.FormatInt(o.Timeout.Milliseconds()/4, 10)
	return &Target{options: o, config: config}, nil
}

// System connects, checks that the target may be used and returns its system
// identifier.
func (t *Target) System(ctx context.Context) (string, error) {
	conn, system, err := t.connect(ctx)
	if err != nil {
		return "", err
	}
	closeSoon(conn)
	return system, nil
}

// Open implements target.Target.
func (t *Target) Open(ctx context.Context) (target.Session, error) {
	conn, system, err := t.connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &Session{target: t, conn: conn, system: system}
	if err := s.lock(ctx); err != nil {
		closeSoon(conn)
		return nil, err
	}
	return s, nil
}

func (t *Target) connect(ctx context.Context) (*pgx.Conn, string, error) {
	ctx, cancel := context.WithTimeout(ctx, t.options.Timeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, t.config)
	if err != nil {
		return nil, "", classify("connect", err)
	}
	var system string
	if err := conn.QueryRow(ctx, SystemSQL).Scan(&system); err != nil {
		closeSoon(conn)
		return nil, "", classify("identify the system", err)
	}
	if system == t.options.OwnSystem {
		closeSoon(conn)
		return nil, "", ErrEventStore
	}
	return conn, system, nil
}

// lockKey tells this product's locks apart from others in the database.
func lockKey(prefix string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("ostiary provisioning\x00" + prefix)) // never fails
	return int64(h.Sum64())
}

// goodbye is how long a connection may take to say that it ends.
const goodbye = time.Second

// closeSoon ends a connection; what was agreed on it is long committed.
func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = conn.Close(ctx) // the other end notices by itself
}
