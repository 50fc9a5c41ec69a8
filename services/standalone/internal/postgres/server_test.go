package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/services/standalone/internal/postgres"
)

// ownerOf names the folder for which the test binary plays the owner of a
// server, to be killed by a test.
const ownerOf = "OSTIARY_TEST_OWNER_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerOf); dir != "" {
		os.Exit(own(dir))
	}
	os.Exit(m.Run())
}

// own starts a server, says so on standard output, and waits to be killed.
func own(dir string) int {
	s, err := postgres.Start(context.Background(), postgres.Config{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return 1
	}
	select {}
}

// owner runs the test binary as the owner of a server and returns both.
func owner(t *testing.T, dir string, as *syscall.Credential) (*exec.Cmd, postgres.Server) {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	// A copy beside the folder: another user cannot enter the build's.
	binary := filepath.Join(filepath.Dir(dir), "owner.test")
	if err := os.WriteFile(binary, program, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary)
	c.Env = append(os.Environ(), ownerOf+"="+dir)
	c.Dir = filepath.Dir(dir)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var s postgres.Server
	if err := json.NewDecoder(out).Decode(&s); err != nil {
		t.Fatalf("the owner did not start a server: %v", err)
	}
	return c, s
}

// folder is one that every user may enter, unlike t.TempDir as root.
func folder(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "ostiary-pg-") //nolint:usetesting // t.TempDir lies in a folder that only this user may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(base, "pg")
}

func start(t *testing.T, c postgres.Config) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// ask runs statements and returns the single text of the last one.
func ask(t *testing.T, s *postgres.Server, statements ...string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }() // the server may be gone
	var answer string
	for i, statement := range statements {
		if i < len(statements)-1 {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := conn.QueryRow(t.Context(), statement).Scan(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return answer
}

const remember = "CREATE TABLE kept AS SELECT 'still here' AS word"

func wantKept(t *testing.T, s *postgres.Server) {
	t.Helper()
	if got := ask(t, s, "SELECT word FROM kept"); got != "still here" {
		t.Errorf("kept = %q", got)
	}
}

func TestASecondStartKeepsDataAndPort(t *testing.T) {
	t.Parallel()
	c := postgres.Config{Dir: folder(t), Settings: map[string]string{"work_mem": "5MB"}}
	first := start(t, c)
	ask(t, first, remember, "SELECT ''")
	stop(t, first)

	began := time.Now()
	second := start(t, c)
	t.Logf("warm start took %s", time.Since(began))
	wantKept(t, second)
	if second.Port != first.Port || second.SystemIdentifier != first.SystemIdentifier || second.Adopted {
		t.Errorf("second start = %+v, first = %+v", second, first)
	}
	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "work_mem": "5MB",
		"listen_addresses": "127.0.0.1", "server_encoding": "UTF8", "max_connections": "300",
	} {
		if got := ask(t, second, "SELECT current_setting('"+setting+"')"); got != want {
			t.Errorf("%s = %s, want %s", setting, got, want)
		}
	}
}

func TestAPasswordIsNeededAndPrivate(t *testing.T) {
	t.Parallel()
	s := start(t, postgres.Config{Dir: folder(t)})
	_, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://postgres:guess@127.0.0.1:%d/postgres?sslmode=disable", s.Port))
	if err == nil || !strings.Contains(err.Error(), "password authentication failed") {
		t.Errorf("signing in with a guess: %v", err)
	}
	info, err := os.Stat(filepath.Join(s.Dir, "password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: %v %v", info, err)
	}
}

func TestAnOwnerKilledLeavesAServerToAdopt(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	o, first := owner(t, dir, nil)
	ask(t, &first, remember, "SELECT ''")
	if err := o.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = o.Wait() // it was killed

	second := start(t, postgres.Config{Dir: dir})
	if !second.Adopted || second.Port != first.Port {
		t.Errorf("start after the owner's death = %+v", second)
	}
	wantKept(t, second)
	stop(t, second)
	if again := start(t, postgres.Config{Dir: dir}); again.Adopted {
		t.Error("the adopted server was not stopped")
	}
}

func TestAKilledServerStartsAgain(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, postgres.Config{Dir: dir})
	ask(t, first, remember, "SELECT ''")
	file, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Split(string(file), "\n")[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := start(t, postgres.Config{Dir: dir})
	if second.Adopted {
		t.Error("a dead server was adopted")
	}
	wantKept(t, second)
	<-first.Done()
}

func TestAStrangerWithTheServersNumberIsNotAdopted(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, postgres.Config{Dir: dir})
	ask(t, first, remember, "SELECT ''")
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	file, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	stop(t, first)
	// What a machine that lost power leaves, with the number now in use here.
	_, rest, _ := strings.Cut(string(file), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	second := start(t, postgres.Config{Dir: dir})
	if second.Adopted {
		t.Error("a stranger was adopted")
	}
	wantKept(t, second)
}

func TestAnUnfinishedClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, postgres.Config{Dir: dir})
	if got := ask(t, s, "SELECT 'answers'"); got != "answers" {
		t.Error(got)
	}
}

func TestRootAndAnOrdinaryUserShareACluster(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		// As an ordinary user every other test here runs as one.
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(nobody.Gid)
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	if err := os.Chown(filepath.Dir(dir), uid, gid); err != nil {
		t.Fatal(err)
	}
	o, first := owner(t, dir, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)})
	ask(t, &first, remember, "SELECT ''")
	if err := o.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = o.Wait() // it was killed

	adopted := start(t, postgres.Config{Dir: dir})
	wantKept(t, adopted)
	stop(t, adopted)
	wantKept(t, start(t, postgres.Config{Dir: dir}))
}

func TestAFolderThatTheDatabaseUserCannotEnter(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		// An ordinary user's server runs as that user.
		return
	}
	closed, state := folder(t), folder(t)
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	c := postgres.Config{Dir: filepath.Join(closed, "pg"), State: state}
	first := start(t, c)
	if !strings.HasPrefix(first.Dir, state) {
		t.Fatalf("the cluster lies in %s", first.Dir)
	}
	if _, err := os.Stat(c.Dir); !os.IsNotExist(err) {
		t.Errorf("a folder that is not used was left: %v", err)
	}
	ask(t, first, remember, "SELECT ''")
	stop(t, first)
	second := start(t, c)
	if second.Dir != first.Dir {
		t.Errorf("second start in %s, first in %s", second.Dir, first.Dir)
	}
	wantKept(t, second)
}

func TestAMissingInstallationIsNamed(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	_, err := postgres.Start(t.Context(), postgres.Config{Dir: folder(t), Bin: empty})
	if !errors.Is(err, postgres.ErrMissing) || !strings.Contains(err.Error(), empty) {
		t.Errorf("start without binaries: %v", err)
	}
}

func TestAClusterOfAnotherMajorVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Start(t.Context(), postgres.Config{Dir: dir}); !errors.Is(err, postgres.ErrWrongMajor) {
		t.Errorf("start: %v", err)
	}
}
