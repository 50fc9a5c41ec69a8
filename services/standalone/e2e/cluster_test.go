package e2e

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// cluster is a PostgreSQL server that belongs to the test: a real system that
// may fail as a test wants.
type cluster struct {
	t       *testing.T
	bin     string
	data    string
	port    string
	account *syscall.Credential
	server  *exec.Cmd
	ended   chan struct{}
}

// newCluster makes a cluster and starts it.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		t.Fatal("no initdb under /usr/lib/postgresql")
	}
	dir := workspace(t)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &cluster{t: t, bin: filepath.Dir(found[len(found)-1]), data: filepath.Join(dir, "data"), port: freePort(t)}
	if os.Geteuid() == 0 { // PostgreSQL refuses root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	initdb := c.command("initdb", "--pgdata", c.data, "--username", "postgres", "--auth", "trust", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.start()
	t.Cleanup(func() {
		c.signal(syscall.SIGCONT)
		c.stop()
	})
	return c
}

func (c *cluster) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.account}
	return cmd
}

// start starts the server and returns when it answers.
func (c *cluster) start() {
	c.t.Helper()
	c.server = c.command("postgres", "-D", c.data, "-p", c.port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off")
	var log lockedBuffer
	c.server.Stdout, c.server.Stderr = &log, &log
	if err := c.server.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) { _ = cmd.Wait(); close(ended) }(c.server, c.ended)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); pause() {
		if conn, err := pgx.Connect(context.Background(), c.address()); err == nil {
			_ = conn.Close(context.Background())
			return
		}
	}
	c.t.Fatalf("the cluster does not answer\n%s", log.String())
}

// stop ends the server and all its connections at once.
func (c *cluster) stop() {
	if c.server == nil {
		return
	}
	_ = c.server.Process.Signal(syscall.SIGQUIT)
	<-c.ended
	c.server = nil
}

// signal sends a signal to the server and every process of it.
func (c *cluster) signal(s syscall.Signal) {
	if c.server == nil {
		return
	}
	// The server first: it makes no more processes then.
	for _, pid := range append([]int{c.server.Process.Pid}, childrenOf(c.server.Process.Pid)...) {
		_ = syscall.Kill(pid, s)
	}
}

func childrenOf(parent int) (children []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid …
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			children = append(children, pid)
		}
	}
	return children
}

func (c *cluster) host() string { return "127.0.0.1:" + c.port }

func (c *cluster) address() string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: c.host(), Path: "/postgres"}
	return u.String()
}

// rights reads who is a member of what: "account right", sorted.
func (c *cluster) rights() []string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.address())
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `
		SELECT m.rolname || ' ' || g.rolname
		FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.member JOIN pg_roles g ON g.oid = am.roleid
		WHERE m.rolname LIKE 'crm\_%'`)
	if err != nil {
		c.t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		c.t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// eventually waits until a look at something that cannot tell by itself finds
// what is wanted.
func eventually(t *testing.T, limit time.Duration, what string, look func() error) {
	t.Helper()
	err := errors.New("never looked")
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); pause() {
		if err = look(); err == nil {
			return
		}
	}
	t.Fatalf("%s: not within %v: %v", what, limit, err)
}
