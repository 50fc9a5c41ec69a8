package credential

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// deviceLifetime is for how long a device is known after a sign-in on it.
const deviceLifetime = 90 * 24 * time.Hour

// A mark is a serial, the second of its making, and a seal over both, the account
// and the credential that opened it: another password ends the marks of the last.
const (
	serialBytes = 16
	markedBytes = serialBytes + 8
	markBytes   = markedBytes + sha256.Size
)

// Devices marks the devices on which people sign in, so that an attempt from one
// of them is told from guessing elsewhere. Nothing is stored: a mark is sealed
// with a key that is derived from the service's own.
type Devices struct {
	key []byte
	now func() time.Time
}

// NewDevices derives the key. now is the machine's clock.
func NewDevices(key ed25519.PrivateKey, now func() time.Time) (*Devices, error) {
	derived, err := hkdf.Key(sha256.New, key.Seed(), nil, "ostiary identity device mark", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of device marks: %w", err)
	}
	return &Devices{key: derived, now: now}, nil
}

// Mark makes the mark of a device on which the account has just signed in with
// the credential.
func (d *Devices) Mark(account, credentialID string) string {
	mark := make([]byte, serialBytes, markBytes)
	_, _ = rand.Read(mark) // never fails
	mark = binary.BigEndian.AppendUint64(mark, uint64(d.now().Unix()))
	return base64.RawURLEncoding.EncodeToString(append(mark, d.seal(account, credentialID, mark)...))
}

// Known returns the serial of the mark, or "" if it is none of this account and
// credential or too old.
func (d *Devices) Known(account, credentialID, mark string) string {
	b, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil || len(b) != markBytes || !hmac.Equal(b[markedBytes:], d.seal(account, credentialID, b[:markedBytes])) {
		return ""
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(b[serialBytes:markedBytes])), 0)
	if d.now().Sub(made) > deviceLifetime {
		return ""
	}
	return string(b[:serialBytes])
}

func (d *Devices) seal(account, credentialID string, marked []byte) []byte {
	h := hmac.New(sha256.New, d.key)
	h.Write(marked)
	h.Write([]byte(account + "\x00" + credentialID))
	return h.Sum(nil)
}
