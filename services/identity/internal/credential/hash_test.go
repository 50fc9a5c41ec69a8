package credential_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
)

func hasher(t *testing.T, parallel int) *credential.Hasher {
	t.Helper()
	h, err := credential.NewHasher(parallel, credential.Full)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAHashProvesItsPasswordOnly(t *testing.T) {
	t.Parallel()
	h := hasher(t, 2)
	a, err := h.Hash(t.Context(), "Correct-Horse-7")
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Hash(t.Context(), "Correct-Horse-7")
	if err != nil || a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hashes are %s and %s, %v", a, b, err)
	}
	for password, want := range map[string]bool{"Correct-Horse-7": true, "correct-horse-7": false, "": false} {
		if ok, err := h.Verify(t.Context(), a, password); ok != want || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
	if ok, err := h.Verify(t.Context(), "", "Correct-Horse-7"); ok || err != nil {
		t.Errorf("without a hash: %v, %v", ok, err)
	}
	for _, broken := range []string{"x", "$argon2id$v=18$m=1,t=1,p=1$AAAA$AAAA", "$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=8,t=0,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=8,t=1,p=1$AAAA$"} {
		if ok, err := h.Verify(t.Context(), broken, ""); ok || err == nil {
			t.Errorf("%s: %v, %v", broken, ok, err)
		}
	}
}

// An account that does not exist must not be told by the time of the answer.
func TestAnUnknownAccountTakesAsLongAsAKnownOne(t *testing.T) {
	t.Parallel()
	h := hasher(t, 1)
	hash, err := h.Hash(t.Context(), "Correct-Horse-7")
	if err != nil {
		t.Fatal(err)
	}
	known, unknown := time.Hour, time.Hour
	for range 5 {
		for which, best := range map[string]*time.Duration{hash: &known, "": &unknown} {
			start := time.Now()
			if _, err := h.Verify(t.Context(), which, "wrong"); err != nil {
				t.Fatal(err)
			}
			*best = min(*best, time.Since(start))
		}
	}
	// Without the hash it would be a thousand times faster.
	if unknown < known/8 {
		t.Errorf("known %s, unknown %s", known, unknown)
	}
}

func TestTooManyAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	h := hasher(t, 1)
	const callers = 60
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	results := make(chan error, callers)
	for range callers {
		go func() { _, err := h.Hash(ctx, "x"); results <- err }()
	}
	busy := 0
	for range callers {
		if err := <-results; errors.Is(err, credential.ErrBusy) {
			busy++
			cancel() // the others need not be waited for
		}
	}
	if busy == 0 {
		t.Error("sixty callers of one processor were all admitted")
	}
}

func TestSecretsAreRandomAndPasswordsCanBeReadOut(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range testkit.Count(20_000) {
		p := credential.NewPassword()
		if seen[p] || len(p) != 19 || strings.ContainsAny(p, "01ilo") || !strings.ContainsAny(p, "23456789") {
			t.Fatalf("password %q", p)
		}
		seen[p] = true
	}
	if a, b := credential.NewSecret(), credential.NewSecret(); a == b || len(a) != 43 {
		t.Errorf("secrets %q %q", a, b)
	}
}
