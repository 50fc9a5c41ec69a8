package instance_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/services/standalone/internal/instance"
)

func TestASecondProcessLearnsWhoIsRunning(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	first, err := instance.Acquire(home)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Announce(map[string]string{"rest": "http://127.0.0.1:8080/a/longer/one", "grpc": "127.0.0.1:9090"}); err != nil {
		t.Fatal(err)
	}
	if err := first.Announce(map[string]string{"rest": "http://127.0.0.1:8080"}); err != nil {
		t.Fatal(err)
	}
	_, err = instance.Acquire(home)
	f, ok := fault.Of(err)
	if !errors.Is(err, instance.ErrRunning) || !ok {
		t.Fatalf("second: %v", err)
	}
	if f.Details["pid"] != strconv.Itoa(os.Getpid()) || f.Details["rest"] != "http://127.0.0.1:8080" || len(f.Details) != 2 {
		t.Errorf("details = %v", f.Details)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	third, err := instance.Acquire(home)
	if err != nil {
		t.Fatal(err)
	}
	if err := third.Release(); err != nil {
		t.Error(err)
	}
}

func TestTheStateFolderMayBePassedThroughButNotListed(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	l, err := instance.Acquire(home)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }() // the test is over
	info, err := os.Stat(home)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o711 {
		t.Errorf("mode = %o", got)
	}
}
