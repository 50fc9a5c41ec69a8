package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// password of the first user; the installation is thrown away.
const password = "Bench-passw0rd"

// installation is a standalone that runs from the built binaries in a folder
// of its own, on free ports, as `make up` would run it.
type installation struct {
	bin, home  string
	grpc, nats int
	health     int
	web        int
	process    *exec.Cmd
	ended      chan struct{}
}

func newInstallation(ctx context.Context) (*installation, error) {
	bin, err := filepath.Abs("bin")
	if err != nil {
		return nil, fmt.Errorf("find bin: %w", err)
	}
	if out, err := exec.CommandContext(ctx, "scripts/build.sh", "ostiary", "ostiary-standalone").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w: %s", err, out)
	}
	home, err := os.MkdirTemp("", "ostiary-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a state folder: %w", err)
	}
	// The database user must be able to pass through.
	if err := os.Chmod(home, 0o711); err != nil {
		return nil, fmt.Errorf("open the state folder: %w", err)
	}
	i := &installation{bin: bin, home: home}
	for _, port := range []*int{&i.grpc, &i.nats, &i.health, &i.web} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		*port = l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
	}
	return i, nil
}

// startInstallation starts a fresh one; remove stops it and deletes its folder.
func startInstallation(ctx context.Context) (i *installation, remove func() error, err error) {
	if i, err = newInstallation(ctx); err != nil {
		return nil, nil, err
	}
	remove = func() error { return errors.Join(i.stop(), os.RemoveAll(i.home)) }
	if _, err := i.start(ctx); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return i, remove, nil
}

// start runs the binary and returns how long it took to be ready.
func (i *installation) start(ctx context.Context) (time.Duration, error) {
	log, err := os.Create(filepath.Join(i.home, "bench.log"))
	if err != nil {
		return 0, fmt.Errorf("make a log: %w", err)
	}
	defer func() { _ = log.Close() }() // the process has its own handle
	// Only stop ends it, so that its databases end as well.
	i.process = exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(i.bin, "ostiary-standalone"))
	i.process.Stdout, i.process.Stderr = log, log
	i.process.Env = append(os.Environ(),
		"OSTIARY_HOME="+i.home, "DATABASE_URL=", "IDENTITY_BOOTSTRAP_PASSWORD="+password,
		"STANDALONE_GRPC_PORT="+strconv.Itoa(i.grpc), "STANDALONE_HTTP_PORT="+strconv.Itoa(i.web), "STANDALONE_NATS_PORT="+strconv.Itoa(i.nats),
		"STANDALONE_HEALTH_PORT="+strconv.Itoa(i.health))
	began := time.Now()
	if err := i.process.Start(); err != nil {
		return 0, fmt.Errorf("start standalone: %w", err)
	}
	i.ended = make(chan struct{})
	go func() {
		_ = i.process.Wait() // the log says why
		close(i.ended)
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !i.ready(ctx) {
		select {
		case <-tick.C:
		case <-i.ended:
			words, _ := os.ReadFile(log.Name()) // an empty answer says enough
			return 0, fmt.Errorf("standalone ended at its start: %s", words)
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for standalone: %w", ctx.Err())
		}
	}
	return time.Since(began), nil
}

func (i *installation) ready(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", i.health), nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// stop ends the process as Ctrl-C would.
func (i *installation) stop() error {
	if i.process == nil {
		return nil
	}
	if err := i.process.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop standalone: %w", err)
	}
	<-i.ended
	return nil
}

// ostiary runs the command line.
func (i *installation) ostiary(ctx context.Context, stdin string, args ...string) error {
	c := exec.CommandContext(ctx, filepath.Join(i.bin, "ostiary"), args...)
	c.Env = append(os.Environ(), "OSTIARY_ADDR=127.0.0.1:"+strconv.Itoa(i.grpc), "XDG_CONFIG_HOME="+i.home, "OSTIARY_TOKEN=")
	c.Stdin = strings.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("ostiary %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// residentMB is the memory of the process, without its databases.
func (i *installation) residentMB(ctx context.Context) (float64, error) {
	pid := strconv.Itoa(i.process.Process.Pid)
	out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", pid).Output()
	if err != nil {
		return 0, fmt.Errorf("read the memory of standalone: %w", err)
	}
	kb, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		return 0, fmt.Errorf("read the memory of standalone: %w", err)
	}
	return kb / 1024, nil
}
