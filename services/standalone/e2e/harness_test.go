// Package e2e plays whole stories against the built binaries. It imports no
// product package: what it knows, any customer could know.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const password = "Correct-Horse-7"

// binaries are built once for all stories.
var binaries string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "ostiary-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, path := range map[string]string{
		"ostiary-standalone": "github.com/ostiary/ostiary/services/standalone/cmd/standalone",
		"ostiary":            "github.com/ostiary/ostiary/services/cli/cmd/ostiary",
		"lifecycle":          "github.com/ostiary/ostiary/docs/examples/lifecycle",
	} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), path)
		if out, err := build.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	binaries = dir
	return m.Run(), nil
}

// installation is one Ostiary with a home of its own.
type installation struct {
	t       *testing.T
	home    string
	work    string
	env     []string
	address string
	web     string
	health  string
	process *exec.Cmd
	output  *lockedBuffer
	exited  chan error
}

// install prepares an installation, starts it and signs in.
func install(t *testing.T, extra ...string) *installation {
	t.Helper()
	i := prepare(t, extra...)
	i.start()
	i.login("admin", password)
	return i
}

// prepare makes an installation that has not been started.
func prepare(t *testing.T, extra ...string) *installation {
	t.Helper()
	work := workspace(t)
	grpc, web, nats, health := freePort(t), freePort(t), freePort(t), freePort(t)
	i := &installation{
		t: t, home: filepath.Join(work, "home"), work: work,
		address: "127.0.0.1:" + grpc, web: "http://127.0.0.1:" + web, health: "http://127.0.0.1:" + health,
	}
	i.env = append(append(os.Environ(),
		"OSTIARY_HOME="+i.home, "STANDALONE_GRPC_PORT="+grpc, "STANDALONE_HTTP_PORT="+web, "STANDALONE_NATS_PORT="+nats, "STANDALONE_HEALTH_PORT="+health,
		"IDENTITY_BOOTSTRAP_PASSWORD="+password, "OSTIARY_ADDR="+i.address, "OSTIARY_LANG=en",
		"XDG_CONFIG_HOME="+filepath.Join(work, "config"), "STANDALONE_LOG_LEVEL=warn",
	), extra...)
	t.Cleanup(i.remove)
	return i
}

// workspace is a folder that the database user can enter.
func workspace(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ostiary-home-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (i *installation) start() {
	i.t.Helper()
	if err := i.launch(); err != nil {
		i.t.Fatal(err)
	}
	i.awaitReady(60 * time.Second)
}

// launch starts the process without waiting for it to serve.
func (i *installation) launch() error {
	i.process = exec.Command(filepath.Join(binaries, "ostiary-standalone"))
	i.process.Env, i.process.Dir = i.env, i.work
	i.output = &lockedBuffer{}
	i.process.Stdout, i.process.Stderr = i.output, i.output
	i.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := i.process.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	i.exited = exited
	go func(p *exec.Cmd) { exited <- p.Wait() }(i.process)
	return nil
}

// awaitReady polls /readyz until the process serves.
func (i *installation) awaitReady(limit time.Duration) {
	i.t.Helper()
	deadline := time.Now().Add(limit)
	var last string
	for time.Now().Before(deadline) {
		select {
		case err := <-i.exited:
			i.exited <- err
			i.t.Fatalf("standalone ended before it was ready: %v\n%s", err, i.output)
		default:
		}
		response, err := http.Get(i.health + "/readyz")
		if err == nil {
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
			last = string(body)
		}
		pause()
	}
	i.t.Fatalf("not ready after %v: %s\n%s", limit, last, i.output)
}

// stop asks the process to end, as Ctrl-C does, and waits for it.
func (i *installation) stop() {
	i.t.Helper()
	_ = i.process.Process.Signal(os.Interrupt)
	select {
	case err := <-i.exited:
		if err != nil {
			i.t.Fatalf("stop: %v\n%s", err, i.output)
		}
	case <-time.After(30 * time.Second):
		i.t.Fatalf("did not stop within 30 s\n%s", i.output)
	}
	i.process = nil
}

// kill ends the process as a power cut would.
func (i *installation) kill() {
	_ = i.process.Process.Kill()
	<-i.exited
	i.process = nil
}

// remove ends everything that the installation started and deletes its home.
func (i *installation) remove() {
	if i.process != nil {
		_ = i.process.Process.Signal(os.Interrupt)
		select {
		case <-i.exited:
		case <-time.After(20 * time.Second):
			i.kill()
		}
	}
	for _, cluster := range []string{"pg", "target"} {
		if pid := i.postmaster(cluster); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGCONT)
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		}
	}
	if i.t.Failed() {
		log, _ := os.ReadFile(filepath.Join(i.home, "log", "ostiary.log"))
		i.t.Logf("output of standalone:\n%s%s", i.output, log)
	}
	_ = os.RemoveAll(i.work)
}

// postmaster is the process id of a cluster's server, 0 if it does not run.
func (i *installation) postmaster(cluster string) int {
	b, err := os.ReadFile(filepath.Join(i.home, cluster, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	return pid
}

func (i *installation) login(user, secret string) {
	i.t.Helper()
	r := i.call(strings.NewReader(secret+"\n"), "login", "--user", user, "--password-stdin")
	if r.code != 0 {
		i.t.Fatalf("login: exit %d\n%s%s", r.code, r.out, r.err)
	}
}

// answer is what one call of the command line gave.
type answer struct {
	code     int
	out, err string
}

// call runs the command line.
func (i *installation) call(in io.Reader, args ...string) answer {
	i.t.Helper()
	r, err := i.run(in, args...)
	if err != nil {
		i.t.Fatal(err)
	}
	return r
}

// run runs the command line; it may be used beside the test.
func (i *installation) run(in io.Reader, args ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(binaries, "ostiary"), args...)
	c.Env, c.Dir, c.Stdin = i.env, i.work, in
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return answer{}, fmt.Errorf("ostiary %v: %w", args, err)
	}
	return answer{code: c.ProcessState.ExitCode(), out: out.String(), err: errs.String()}, nil
}

// do runs the command line and expects success.
func (i *installation) do(args ...string) answer {
	i.t.Helper()
	r := i.call(nil, args...)
	if r.code != 0 {
		i.t.Fatalf("ostiary %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r
}

// object runs the command line with --json and returns its one answer.
func (i *installation) object(args ...string) map[string]any {
	i.t.Helper()
	return parse(i.t, i.do(append(args, "--json")...).out)
}

// lines runs the command line with --json and returns its answers.
func (i *installation) lines(args ...string) []map[string]any {
	i.t.Helper()
	var all []map[string]any
	scanner := bufio.NewScanner(strings.NewReader(i.do(append(args, "--json")...).out))
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		all = append(all, parse(i.t, scanner.Text()))
	}
	return all
}

// refused runs the command line with --json and expects a refusal: its exit
// code and reason.
func (i *installation) refused(code int, reason string, args ...string) map[string]any {
	i.t.Helper()
	r := i.call(nil, append(args, "--json")...)
	if r.code != code {
		i.t.Fatalf("ostiary %s: exit %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.out, r.err)
	}
	e, _ := parse(i.t, r.err)["error"].(map[string]any)
	if e["reason"] != reason {
		i.t.Fatalf("ostiary %s: refused with %v, want %s\n%s", strings.Join(args, " "), e["reason"], reason, r.err)
	}
	return e
}

// write puts a file into the workspace and returns its path.
func (i *installation) write(name, content string) string {
	i.t.Helper()
	path := filepath.Join(i.work, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		i.t.Fatal(err)
	}
	return path
}

// target connects to the demo target with the read-only login that every
// installation writes for its owner.
func (i *installation) target() *pgx.Conn {
	i.t.Helper()
	b, err := os.ReadFile(filepath.Join(i.home, "clients", "target.json"))
	if err != nil {
		i.t.Fatal(err)
	}
	conn, err := pgx.Connect(context.Background(), parse(i.t, string(b))["url"].(string))
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// rights reads from the target itself who is a member of what, whether or not
// the account may sign in: "account right", sorted.
func rights(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	return column(t, conn, `
		SELECT m.rolname || ' ' || g.rolname
		FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.member JOIN pg_roles g ON g.oid = am.roleid
		WHERE m.rolname LIKE 'ost\_%' ORDER BY 1`)
}

// logins reads from the target itself which accounts may sign in, sorted.
func logins(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	return column(t, conn, `SELECT rolname FROM pg_roles WHERE rolname LIKE 'ost\_%' AND rolcanlogin ORDER BY 1`)
}

func column(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func parse(t *testing.T, s string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		t.Fatalf("not one JSON object: %v\n%s", err, s)
	}
	return m
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// pause spaces two looks at a process that cannot tell when it is ready.
func pause() { <-time.After(50 * time.Millisecond) }
