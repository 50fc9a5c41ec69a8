package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// superuser is the role that initdb makes.
const superuser = "postgres"

// startLimit bounds a start, recovery after a crash included.
const startLimit = 2 * time.Minute

// Config says which cluster to run.
type Config struct {
	// Dir is the folder of the cluster; made when missing.
	Dir string
	// Port is where it listens on 127.0.0.1; 0 takes the port of the last
	// start, or a free one.
	Port int
	// Bin is the folder of initdb and postgres (OSTIARY_PG_BIN); empty looks
	// for the newest installation.
	Bin string
	// State is where the cluster lies when the database user cannot enter Dir;
	// empty is /var/lib/ostiary.
	State string
	// Settings are added to the server's settings.
	Settings map[string]string
}

// Server is a running PostgreSQL.
type Server struct {
	// URL signs in as superuser.
	URL string
	// Port is where it listens on 127.0.0.1.
	Port int
	// Dir is where the cluster lies; not Config.Dir when that could not be
	// entered by the database user.
	Dir string
	// SystemIdentifier tells clusters apart, whatever their address.
	SystemIdentifier string
	// Adopted says that the server was alive already. It keeps the settings
	// that it was started with.
	Adopted bool

	pid     int
	logFrom int64 // where its own words begin in the log
	done    chan struct{}
}

// Done is closed when the server has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.done }

// Start runs the cluster in c.Dir, makes it first when there is none, and
// returns when it answers. A server that is alive there is adopted.
func Start(ctx context.Context, c Config) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	wanted, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder of the database: %w", err)
	}
	who, err := accountFor(wanted)
	if err != nil {
		return nil, err
	}
	dir, err := place(ctx, who, wanted, c.State)
	if err != nil {
		return nil, err
	}
	installed, err := find(ctx, c.Bin)
	if err != nil {
		return nil, err
	}
	bin, err := choose(dir, installed)
	if err != nil {
		return nil, err
	}
	password, err := establish(ctx, who, bin, dir)
	if err != nil {
		return nil, err
	}
	s, err := adopt(ctx, dir)
	if err != nil {
		return nil, err
	}
	if s == nil {
		if s, err = launch(ctx, c, who, bin, dir); err != nil {
			return nil, err
		}
	}
	s.URL = (&url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()
	if s.SystemIdentifier, err = identify(ctx, s.URL); err != nil {
		return nil, err
	}
	return s, nil
}

// adopt returns the server that is alive on dir, or nil; nil as well when it
// was on its way out.
func adopt(ctx context.Context, dir string) (*Server, error) {
	p, running, err := runningIn(dir)
	if err != nil || !running {
		return nil, err
	}
	s := &Server{Port: p.port, Dir: dir, Adopted: true, pid: p.pid, done: make(chan struct{})}
	go s.watch()
	if err := s.await(ctx); err != nil {
		select {
		case <-s.done:
			return nil, nil
		default:
			return nil, err
		}
	}
	return s, nil
}

// identify signs in and asks for the number that initdb gave to the cluster.
func identify(ctx context.Context, address string) (string, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return "", fmt.Errorf("sign in to the database: %w", err)
	}
	var id int64
	err = conn.QueryRow(ctx, "SELECT system_identifier FROM pg_control_system()").Scan(&id)
	if closed := conn.Close(ctx); err == nil {
		err = closed
	}
	if err != nil {
		return "", fmt.Errorf("ask for the system identifier: %w", err)
	}
	return strconv.FormatInt(id, 10), nil
}

// Stop ends the server: sessions are cut, everything committed is on disk. A
// server that does not end in time is ended at once and recovers at its start.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
	}
	if err := s.signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-s.done
	return nil
}

// signal sends a signal unless the server has ended.
func (s *Server) signal(sig syscall.Signal) error {
	select {
	case <-s.done:
		return nil
	default:
	}
	if err := syscall.Kill(s.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal the database: %w", err)
	}
	return nil
}

// await returns when the server accepts connections.
func (s *Server) await(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if p, running, err := runningIn(s.Dir); err == nil && running && p.pid == s.pid && p.ready {
			s.Port = p.port
			return nil
		}
		select {
		case <-ticker.C:
		case <-s.done:
			return fmt.Errorf("the database ended before it was ready; its log says: %s", s.words())
		case <-ctx.Done():
			return fmt.Errorf("wait for the database: %w", ctx.Err())
		}
	}
}

// tick is how often a server is looked at that does not report by itself.
const tick = 10 * time.Millisecond

// watch closes done when an adopted server, which is nobody's child here, has
// ended.
func (s *Server) watch() {
	ticker := time.NewTicker(10 * tick)
	defer ticker.Stop()
	for alive(s.pid, dataOf(s.Dir)) {
		<-ticker.C
	}
	close(s.done)
}

// reap closes done when a child has ended.
func (s *Server) reap(c *exec.Cmd, log *os.File) {
	_ = c.Wait() // the log says why; the exit code adds nothing
	_ = log.Close()
	close(s.done)
}
