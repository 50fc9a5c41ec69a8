package testkit_test

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/testkit"
)

// A killed test binary cannot clean up; the server must notice by itself.
func TestPostgresEndsWithAKilledBinary(t *testing.T) {
	const role = "TESTKIT_VICTIM"
	if os.Getenv(role) != "" {
		d := testkit.Postgres(t)
		if _, err := os.Stdout.WriteString(d.Admin + "\n"); err != nil {
			t.Fatal(err)
		}
		select {} // until killed
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPostgresEndsWithAKilledBinary$")
	c.Env = append(os.Environ(), role+"=1", "TESTKIT_DATABASE_URL=")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the victim did not start: %v", lines.Err())
	}
	conn, err := pgx.Connect(t.Context(), lines.Text())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed, so it fails
	// The connection ends when the server does.
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), "SELECT pg_sleep(60)")
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the server went on for a minute")
		}
	case <-time.After(30 * time.Second):
		t.Error("the server outlived its test binary")
	}
	_ = conn.Close(t.Context()) // its server is gone
}
