package keyfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ostiary/ostiary/libs/keyfile"
)

func TestLoadOrCreateKeepsTheFirstKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "a.key")
	first, err := keyfile.LoadOrCreate(path, func() ([]byte, error) { return []byte("one"), nil })
	if err != nil || string(first) != "one" {
		t.Fatalf("first = %q, %v", first, err)
	}
	second, err := keyfile.LoadOrCreate(path, func() ([]byte, error) { return nil, errors.New("must not be asked") })
	if err != nil || string(second) != "one" {
		t.Fatalf("second = %q, %v", second, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode = %v, %v; want 0600", info.Mode(), err)
	}
}

func TestConcurrentCreatorsAgree(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.key")
	var n atomic.Int64
	got := make([]string, 16)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			secret, err := keyfile.LoadOrCreate(path, func() ([]byte, error) {
				return fmt.Appendf(nil, "key %d", n.Add(1)), nil
			})
			if err != nil {
				t.Error(err)
			}
			got[i] = string(secret)
		})
	}
	wg.Wait()
	for _, s := range got {
		if s == "" || s != got[0] {
			t.Fatalf("creators disagree: %q", got)
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".key-*"))
	if err != nil || len(left) != 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

func TestAKeyThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o440: false, 0o644: true, 0o660: true, 0o604: true} {
		path := filepath.Join(t.TempDir(), "a.key")
		if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := keyfile.LoadOrCreate(path, nil)
		if (err != nil) != refused {
			t.Errorf("mode %04o: %v", mode, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestAnEmptyKeyFileIsNotReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.key")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.LoadOrCreate(path, nil); err == nil {
		t.Fatal("an empty key file was taken as a key")
	}
}
