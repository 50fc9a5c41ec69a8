package testkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL that is a child of this process.
type server struct {
	url   string
	dir   string
	words words
	stdin io.Closer
	done  chan struct{}
}

// guard runs the server and stops it, immediately but cleanly, when the pipe
// to the test process closes: at its end, however it ends. Then it removes the
// folder. It is a shell because it must outlive the test process.
const guard = `
dir=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & server=$!
( read -r _ <&3; kill -INT $server ) 2>/dev/null &
wait $server
rm -rf "$dir"
`

// startServer initialises a cluster in a temporary folder and starts it with
// durable settings, which the given ones may change.
func startServer(settings ...string) (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, who, err := folder()
	if err != nil {
		return nil, err
	}
	password := unique("pw")
	if err := initdb(bin, dir, who, password); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Another process may take the port between the look and the start.
	for attempt := 1; ; attempt++ {
		s, err := spawn(bin, dir, who, password, settings)
		if err == nil || attempt == 5 || !strings.Contains(err.Error(), "could not bind") {
			return s, err
		}
		if dir, who, err = folder(); err != nil {
			return nil, err
		}
		if err := initdb(bin, dir, who, password); err != nil {
			return nil, err
		}
	}
}

func initdb(bin, dir string, who *syscall.Credential, password string) error {
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil {
		return fmt.Errorf("write the password for initdb: %w", err)
	}
	c := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres",
		"--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
	c.Dir, c.SysProcAttr = "/", &syscall.SysProcAttr{Credential: who, Setpgid: true}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

func spawn(bin, dir string, who *syscall.Credential, password string, settings []string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{"-c", guard, "guard", dir, filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data")}
	for _, s := range append([]string{
		"fsync=on", "full_page_writes=on", "synchronous_commit=on", "listen_addresses=127.0.0.1", "unix_socket_directories=",
		"port=" + strconv.Itoa(port), "max_connections=300", "timezone=UTC", "jit=off", "log_min_messages=fatal",
	}, settings...) {
		args = append(args, "-c", s)
	}
	c := exec.Command("/bin/sh", args...)
	s := &server{dir: dir, done: make(chan struct{})}
	c.Dir, c.SysProcAttr = "/", &syscall.SysProcAttr{Credential: who, Setpgid: true}
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	c.Stderr = &s.words
	if s.stdin, err = c.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make the pipe to the server: %w", err)
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	go func() {
		_ = c.Wait() // its words say why it ended
		close(s.done)
	}()
	s.url = (&url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()
	return s, s.await()
}

// await returns when the server answers.
func (s *server) await() error {
	deadline := time.After(time.Minute)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		conn, err := pgx.Connect(ctx, s.url)
		if err == nil {
			err = conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("the server ended: %s", s.words.String())
		case <-deadline:
			s.stop()
			return fmt.Errorf("the server does not answer: %w: %s", err, s.words.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and waits until its folder is gone.
func (s *server) stop() {
	_ = s.stdin.Close() // closing is the signal; closed already is stopped already
	<-s.done
}

// folder makes a temporary folder that the server's user owns and can reach,
// in TESTKIT_DIR if that is set. A server refuses to run as root.
func folder() (string, *syscall.Credential, error) {
	parent := os.Getenv("TESTKIT_DIR")
	if os.Geteuid() != 0 {
		dir, err := os.MkdirTemp(parent, "testkit-pg-")
		return dir, nil, err
	}
	if parent == "" {
		parent = "/tmp" // a folder of root's would be closed to the server's user
	}
	dir, err := os.MkdirTemp(parent, "testkit-pg-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2, os.Chown(dir, int(uid), int(gid))); err != nil {
			return "", nil, fmt.Errorf("give the folder to %s: %w", name, err)
		}
		return dir, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return "", nil, errors.New("root may not run PostgreSQL, and there is no user postgres or nobody")
}

// binaries finds the newest installed server.
func binaries() (string, error) {
	if dir := os.Getenv("OSTIARY_PG_BIN"); dir != "" {
		return dir, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b string) int { return major(a) - major(b) }), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("no PostgreSQL found: install it, set OSTIARY_PG_BIN to the folder of initdb, or TESTKIT_DATABASE_URL to a server")
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// major is the version in a Debian path.
func major(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // anything else sorts first
	return n
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// words keeps the beginning of what the server says.
type words struct {
	mu   sync.Mutex
	said []byte
}

// Write never fails, so that the server never blocks on it.
func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.said) < 4096 {
		w.said = append(w.said, p...)
	}
	return len(p), nil
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.said)
}
