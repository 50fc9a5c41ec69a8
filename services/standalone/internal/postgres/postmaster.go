package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// postmaster is what a running server says about itself in postmaster.pid.
type postmaster struct {
	pid   int
	port  int
	ready bool
}

// runningIn returns the server that is alive on dir. A file that a killed
// server, or a machine that restarted, left behind does not count.
func runningIn(dir string) (postmaster, bool, error) {
	file, err := os.ReadFile(filepath.Join(dataOf(dir), "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return postmaster{}, false, nil
	}
	if err != nil {
		return postmaster{}, false, fmt.Errorf("read postmaster.pid: %w", err)
	}
	p := parse(string(file))
	return p, p.pid > 0 && alive(p.pid, dataOf(dir)), nil
}

// parse reads the lines that PostgreSQL documents: pid, data folder, start,
// port, socket folder, address, shared memory, status. They appear one by one.
func parse(file string) postmaster {
	lines := strings.Split(file, "\n")
	number := func(i int) int {
		if i >= len(lines) {
			return 0
		}
		n, err := strconv.Atoi(strings.TrimSpace(lines[i]))
		if err != nil {
			return 0
		}
		return n
	}
	return postmaster{
		pid:   number(0),
		port:  number(3),
		ready: len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready",
	}
}

// alive reports whether the process exists and is a server on data. Process
// numbers are used again, soon so in a container that restarts; a server works
// in its data folder, which tells it from a stranger where the system shows it.
func alive(pid int, data string) bool {
	if syscall.Kill(pid, 0) != nil {
		return false // gone, or of another user, who runs no server here
	}
	if _, err := os.Stat("/proc/self/cwd"); err != nil {
		return true
	}
	return worksIn(strconv.Itoa(pid), data)
}

// worksIn reports whether the data folder is the working folder of a process.
func worksIn(pid, data string) bool {
	cwd, err := os.Readlink(filepath.Join("/proc", pid, "cwd"))
	return err == nil && cwd == resolved(data)
}

// forget removes a postmaster.pid whose process number now belongs to a
// stranger, because PostgreSQL itself would take the stranger for a server. It
// keeps the file while any process still works in the folder: the file is also
// what keeps a new server away from the orphans of a killed one.
func forget(dir string, p postmaster) error {
	if taken := p.pid > 0 && syscall.Kill(p.pid, 0) == nil; !taken {
		return nil
	}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return fmt.Errorf("look for processes of a killed server: %w", err)
	}
	for _, process := range processes {
		if worksIn(process.Name(), dataOf(dir)) {
			return nil
		}
	}
	if err := os.Remove(filepath.Join(dataOf(dir), "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a stale postmaster.pid: %w", err)
	}
	return nil
}
