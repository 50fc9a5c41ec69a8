package credential_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"testing"
	"time"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
)

func TestADeviceIsKnownToItsAccountForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	devices, err := credential.NewDevices(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), clock)
	if err != nil {
		t.Fatal(err)
	}
	mark, second := devices.Mark("li", "crd_1"), devices.Mark("li", "crd_1")
	if a, b := devices.Known("li", "crd_1", mark), devices.Known("li", "crd_1", second); a == "" || b == "" || a == b {
		t.Errorf("two devices are known as %x and %x", a, b)
	}
	if devices.Known("wang", "crd_1", mark) != "" {
		t.Error("the mark serves another account")
	}
	if devices.Known("li", "crd_2", mark) != "" {
		t.Error("the mark outlives its password")
	}
	raw, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		raw[n] ^= 1
		if devices.Known("li", "crd_1", base64.RawURLEncoding.EncodeToString(raw)) != "" {
			t.Errorf("a mark with byte %d changed is known", n)
		}
		raw[n] ^= 1
	}
	for _, none := range []string{"", "x", mark[:20], mark + "AAAA"} {
		if devices.Known("li", "crd_1", none) != "" {
			t.Errorf("%q is known", none)
		}
	}
	elsewhere, err := credential.NewDevices(ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), 1)), clock)
	if err != nil {
		t.Fatal(err)
	}
	if elsewhere.Known("li", "crd_1", mark) != "" {
		t.Error("another installation knows the mark")
	}
	now = now.Add(90*24*time.Hour + time.Second)
	if devices.Known("li", "crd_1", mark) != "" {
		t.Error("the mark is known for ever")
	}
}
