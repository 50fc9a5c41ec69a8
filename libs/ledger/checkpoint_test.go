package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/ostiary/ostiary/libs/ledger"
)

func key(t *testing.T) *ledger.Key {
	t.Helper()
	k, err := ledger.LoadOrCreateKey(filepath.Join(t.TempDir(), "ledger.key"), "ostiary-audit")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestCheckpointRoundTrip(t *testing.T) {
	t.Parallel()
	k, root := key(t), grow(5).Root()
	signed, err := ledger.Sign("ostiary/audit", 5, root, k.Signer)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("ostiary/audit\n5\n%s\n\n— ostiary-audit ", base64.StdEncoding.EncodeToString(root[:]))
	if !strings.HasPrefix(string(signed), want) {
		t.Errorf("not a C2SP checkpoint:\n%s", signed)
	}
	got, err := ledger.Open(signed, k.Verifier)
	if err != nil || got != (ledger.Checkpoint{Origin: "ostiary/audit", Size: 5, Root: root}) {
		t.Errorf("open = %+v, %v", got, err)
	}
}

func TestCheckpointThatWasTouchedIsRefused(t *testing.T) {
	t.Parallel()
	// Many keys, since whether a changed bit of the last base64 digit matters
	// depends on the signature.
	for range 16 {
		k := key(t)
		signed, err := ledger.Sign("ostiary/audit", 5, grow(5).Root(), k.Signer)
		if err != nil {
			t.Fatal(err)
		}
		for i := range signed {
			bad := bytes.Clone(signed)
			bad[i] ^= 1
			if c, err := ledger.Open(bad, k.Verifier); err == nil {
				t.Fatalf("byte %d changed and still accepted: %+v", i, c)
			}
		}
		if _, err := ledger.Open(signed, key(t).Verifier); err == nil {
			t.Error("accepted under another key")
		}
	}
}

func TestSignedNonsenseIsRefused(t *testing.T) {
	t.Parallel()
	k := key(t)
	zero := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, text := range []string{
		"a\n5\n", "a\n05\n" + zero + "\n", "a\n-1\n" + zero + "\n", "a\nx\n" + zero + "\n", "a\n5\nAAAA\n", "\n5\n" + zero + "\n", "a\n5\n?\n",
	} {
		signed, err := note.Sign(&note.Note{Text: text}, k.Signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.Open(signed, k.Verifier); err == nil {
			t.Errorf("accepted %q", text)
		}
	}
	for _, origin := range []string{"", "two\nlines"} {
		if _, err := ledger.Sign(origin, 1, ledger.Hash{}, k.Signer); err == nil {
			t.Errorf("signed with origin %q", origin)
		}
	}
}

func TestKeyIsKeptAndPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "ledger.key")
	a, err := ledger.LoadOrCreateKey(path, "ostiary-audit")
	if err != nil {
		t.Fatal(err)
	}
	b, err := ledger.LoadOrCreateKey(path, "another-name")
	if err != nil || b.Public != a.Public {
		t.Fatalf("the key changed: %q, %q, %v", a.Public, b.Public, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	v, err := note.NewVerifier(a.Public)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := ledger.Sign("ostiary/audit", 0, ledger.EmptyRoot, b.Signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(signed, v); err != nil {
		t.Errorf("the published key does not verify: %v", err)
	}
}

func TestADamagedKeyFileIsNotShown(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.key")
	secret := base64.StdEncoding.EncodeToString(make([]byte, ed25519.SeedSize))
	if err := os.WriteFile(path, []byte("PRIVATE+KEY+x+00000000+"+secret), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ledger.LoadOrCreateKey(path, "x")
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("err = %v", err)
	}
}
