package ledger

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ostiary/ostiary/libs/keyfile"
)

// Key signs and verifies checkpoints.
type Key struct {
	// Signer signs; it never leaves the process.
	Signer note.Signer
	// Verifier checks.
	Verifier note.Verifier
	// Public is the verifier in its textual form, to be kept by whoever wants
	// to check a checkpoint without trusting this installation.
	Public string
}

// LoadOrCreateKey reads the Ed25519 key at path, or makes one under this name
// with mode 0600. The name shows in every signature; a key that exists keeps
// the name that it was made with.
func LoadOrCreateKey(path, name string) (*Key, error) {
	secret, err := keyfile.LoadOrCreate(path, func() ([]byte, error) {
		s, _, err := note.GenerateKey(rand.Reader, name)
		return []byte(s), err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger key: %w", err)
	}
	key, err := parseKey(string(secret))
	if err != nil {
		return nil, fmt.Errorf("ledger key %s: %w", path, err)
	}
	return key, nil
}

// errKeyFile keeps the secret out of the message.
var errKeyFile = errors.New("the file does not hold an Ed25519 note key")

func parseKey(secret string) (*Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, errKeyFile
	}
	// PRIVATE+KEY+<name>+<hash>+<base64 of algorithm byte and seed>; the seed
	// itself may hold a plus sign.
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errKeyFile
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, errKeyFile
	}
	text, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("verifier: %w", err)
	}
	return &Key{Signer: signer, Verifier: verifier, Public: text}, nil
}
