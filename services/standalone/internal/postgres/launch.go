package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patience is how long a start is repeated while what is left of a killed
// server still holds the cluster. Its orphans notice within a second.
const patience = 10 * time.Second

// logLimit is when a start begins a new log.
const logLimit = 16 << 20

// settings are those of every server. Durability is spelt out, although it is
// the default: the event store refuses to serve without it.
var settings = map[string]string{
	"fsync":              "on",
	"full_page_writes":   "on",
	"synchronous_commit": "on",
	"listen_addresses":   "127.0.0.1",
	// A socket path over 107 bytes is refused, and a checkout may lie deep.
	"unix_socket_directories": "",
	"max_connections":         "300",
	"password_encryption":     "scram-sha-256",
	"timezone":                "UTC",
	"log_timezone":            "UTC",
	// Compiling a plan costs more than our short questions take.
	"jit": "off",
	// Statements carry passwords of roles and personal data.
	"log_statement":           "none",
	"log_min_error_statement": "panic",
	"log_error_verbosity":     "terse",
}

// launch starts the server and waits for it, again while the remains of a
// killed one are in the way.
func launch(ctx context.Context, c Config, who account, bin Binaries, dir string) (*Server, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		port, err := pickPort(ctx, dir, c.Port)
		if err != nil {
			return nil, err
		}
		stale, _, err := runningIn(dir)
		if err != nil {
			return nil, err
		}
		if err := forget(dir, stale); err != nil {
			return nil, err
		}
		s, err := spawn(ctx, c, who, bin, dir, port)
		if err != nil {
			return nil, err
		}
		if err = s.await(ctx); err == nil {
			return s, write(who, portOf(dir), strconv.Itoa(s.Port))
		}
		if !transient(s.words()) {
			return nil, errors.Join(err, s.Stop(ctx))
		}
		select {
		case <-deadline.C:
			return nil, err
		case <-time.After(10 * tick):
		}
	}
}

// spawn starts the process.
func spawn(ctx context.Context, c Config, who account, bin Binaries, dir string, port int) (*Server, error) {
	log, err := openLog(who, dir)
	if err != nil {
		return nil, err
	}
	info, err := log.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("measure the database's log: %w", err), log.Close())
	}
	from := info.Size()
	all := maps.Clone(settings)
	maps.Copy(all, c.Settings)
	all["port"] = strconv.Itoa(port)
	args := []string{"-D", dataOf(dir)}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	// The server outlives the start's context: only Stop ends it.
	cmd := who.command(context.WithoutCancel(ctx), filepath.Join(bin.Dir, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the database: %w", err), log.Close())
	}
	s := &Server{Port: port, Dir: dir, pid: cmd.Process.Pid, logFrom: from, done: make(chan struct{})}
	go s.reap(cmd, log)
	return s, nil
}

// transient recognises what a server says while another one, killed or not
// yet gone, still holds the folder or the port.
func transient(words string) bool {
	for _, sign := range []string{"shared memory block", "lock file", "Address already in use"} {
		if strings.Contains(words, sign) {
			return true
		}
	}
	return false
}

// pickPort returns the port that is asked for, or that of the last start when
// it is free, or any free one.
func pickPort(ctx context.Context, dir string, asked int) (int, error) {
	if asked != 0 {
		return asked, nil
	}
	if file, err := os.ReadFile(portOf(dir)); err == nil {
		if port, err := strconv.Atoi(strings.TrimSpace(string(file))); err == nil {
			if port, err = free(ctx, port); err == nil {
				return port, nil
			}
		}
	}
	port, err := free(ctx, 0)
	if err != nil {
		return 0, fmt.Errorf("find a free port for the database: %w", err)
	}
	return port, nil
}

// free tries a port by listening on it.
func free(ctx context.Context, port int) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	port = l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// openLog opens the server's log; a long one is set aside first.
func openLog(who account, dir string) (*os.File, error) {
	if info, err := os.Stat(logOf(dir)); err == nil && info.Size() > logLimit {
		if err := os.Rename(logOf(dir), logOf(dir)+".old"); err != nil {
			return nil, fmt.Errorf("set the database's log aside: %w", err)
		}
	}
	log, err := os.OpenFile(logOf(dir), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database's log: %w", err)
	}
	if err := who.own(logOf(dir)); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

// words returns the end of what the server wrote since this start.
func (s *Server) words() string {
	log, err := os.ReadFile(logOf(s.Dir))
	if err != nil || int64(len(log)) < s.logFrom {
		return ""
	}
	const tail = 800
	log = log[s.logFrom:]
	return string(log[max(0, len(log)-tail):])
}
