package authn_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ostiary/ostiary/libs/authn"
)

func TestKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "identity.key")
	made, err := authn.LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := authn.LoadOrCreateKey(path)
	if err != nil || !loaded.Equal(made) {
		t.Errorf("the second time: another key, error %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := authn.LoadOrCreateKey(path); err == nil {
		t.Error("a key that everybody may read was used")
	}
}

func TestFileThatIsNoKeyIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"words":         "hello",
		"other block":   "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"damaged block": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		path := filepath.Join(t.TempDir(), "x.key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := authn.LoadOrCreateKey(path); err == nil {
			t.Errorf("%s: was taken as a key", name)
		}
	}
}
