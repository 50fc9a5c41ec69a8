package credential

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/ostiary/ostiary/libs/fault"
)

// Cost is what a hash takes from whoever makes one, and so from whoever guesses.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
}

// Full is the cost of every password of an installation.
var Full = Cost{MemoryKiB: 19 << 10, Passes: 2}

// The rest of a hash: argon2id with one lane.
const (
	lanes     = 1
	saltBytes = 16
	hashBytes = 32
)

// waiting is how many callers may wait for their turn, for each that is served.
const waiting = 16

// ErrBusy says that too many sign in at this moment.
var ErrBusy = fault.New(fault.Unavailable, "SIGN_IN_BUSY",
	"Too many people are signing in at this moment; try again in a few seconds.",
	"当前登录人数过多，请几秒后重试。")

// Hasher hashes passwords, a few at once: each takes memory and a processor,
// and whoever asks for many must not take all of them.
type Hasher struct {
	turns chan struct{}
	queue chan struct{}
	cost  Cost
	dummy string
}

// NewHasher returns a hasher that serves so many callers at once.
func NewHasher(parallel int, cost Cost) (*Hasher, error) {
	h := &Hasher{turns: make(chan struct{}, parallel), queue: make(chan struct{}, parallel*waiting), cost: cost}
	var err error
	h.dummy, err = encode(rand.Text(), cost)
	return h, err
}

// Hash hashes a password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return encode(password, h.cost)
}

// Verify tells whether the password belongs to the hash. Without a hash it
// takes as long as with one and says no, so that nobody learns from the time
// which accounts there are.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	if hash == "" {
		_, err := matches(h.dummy, password)
		return false, err
	}
	return matches(hash, password)
}

func (h *Hasher) turn(ctx context.Context) (done func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	defer func() { <-h.queue }()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func encode(password string, c Cost) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	sum := argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, lanes, hashBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// matches reads the cost from the hash, so that older hashes still verify
// after the cost was raised.
func matches(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("stored hash is not argon2id")
	}
	var version, memory, time uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("stored hash has an unknown version")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || time == 0 || threads == 0 {
		return false, fmt.Errorf("stored hash has no cost")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("stored hash has no salt: %w", err)
	}
	sum, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(sum) < 16 {
		return false, fmt.Errorf("stored hash has no sum")
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1, nil
}
