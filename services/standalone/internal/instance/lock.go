// Package instance keeps two processes from running on one state folder.
package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrRunning says that another process holds the state folder. Its details
// name the process and its addresses.
var ErrRunning = fault.New(fault.Refused, "ALREADY_RUNNING",
	"Ostiary is already running on this state folder. Use it at the address shown, or stop it first (Ctrl-C in its terminal), or set OSTIARY_HOME to another folder.",
	"司阍已在此状态目录上运行。请使用所示地址，或先停止它（在其终端按 Ctrl-C），或将 OSTIARY_HOME 设为其他目录。")

// Lock is held by the one process that runs on a state folder. The system
// frees it when the process ends, however it ends.
type Lock struct{ file *os.File }

// holder is what the file says about the process that holds it.
type holder struct {
	PID       int               `json:"pid"`
	Addresses map[string]string `json:"addresses,omitempty"`
}

// Acquire makes the state folder and takes its lock, or returns ErrRunning.
// The database user must be able to pass through the folder, so it may be
// entered by everybody and listed by its owner alone.
func Acquire(home string) (*Lock, error) {
	if err := os.MkdirAll(home, 0o711); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(home, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the state folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(running(file), file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the state folder: %w", err), file.Close())
	}
	l := &Lock{file: file}
	if err := l.Announce(nil); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return l, nil
}

// Announce records where the process can be reached, by the name of the
// interface, for whoever tries to start a second one.
func (l *Lock) Announce(addresses map[string]string) error {
	body, err := json.Marshal(holder{PID: os.Getpid(), Addresses: addresses})
	if err != nil {
		return fmt.Errorf("describe the process: %w", err)
	}
	// Spaces overwrite what a longer description left: a reader never meets
	// an empty file.
	if info, err := l.file.Stat(); err == nil {
		body = append(body, strings.Repeat(" ", max(0, int(info.Size())-len(body)))...)
	}
	if _, err := l.file.WriteAt(body, 0); err != nil {
		return fmt.Errorf("write the lock of the state folder: %w", err)
	}
	return nil
}

// Release gives the folder up.
func (l *Lock) Release() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("release the state folder: %w", err)
	}
	return nil
}

// running describes the process that holds the lock.
func running(file *os.File) error {
	refusal := ErrRunning
	var h holder
	body, err := io.ReadAll(file)
	if err != nil || json.Unmarshal(body, &h) != nil {
		return refusal // held, although it could not yet say by whom
	}
	refusal = refusal.With("pid", strconv.Itoa(h.PID))
	for _, name := range slices.Sorted(maps.Keys(h.Addresses)) {
		refusal = refusal.With(name, h.Addresses[name])
	}
	return refusal
}
