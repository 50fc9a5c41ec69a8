package credential

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store keeps hashes in the service's database.
type Store struct {
	Pool   *pgxpool.Pool
	Hasher *Hasher
}

// Put stores the hash of a password and returns the id that an event will
// name.
func (s *Store) Put(ctx context.Context, password string) (id string, err error) {
	hash, err := s.Hasher.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	return s.put(ctx, hash)
}

// PutSecret stores the hash of a secret that was made at random. It needs no
// slow hash: nobody guesses 256 bits.
func (s *Store) PutSecret(ctx context.Context, secret string) (id string, err error) {
	return s.put(ctx, plainMark+digest(secret))
}

// plainMark starts the hash of a random secret.
const plainMark = "$sha256$"

func (s *Store) put(ctx context.Context, hash string) (string, error) {
	id := "crd_" + uuid.Must(uuid.NewV7()).String()
	if _, err := s.Pool.Exec(ctx, `INSERT INTO identity.credential_secret (credential_id, hash) VALUES ($1, $2)`, id, hash); err != nil {
		return "", fmt.Errorf("store credential: %w", err)
	}
	return id, nil
}

// Verify tells whether the password belongs to the credential. An unknown
// credential, also "", takes as long as a known one.
func (s *Store) Verify(ctx context.Context, id, password string) (bool, error) {
	hash, err := s.hash(ctx, id)
	if err != nil {
		return false, err
	}
	return s.Hasher.Verify(ctx, hash, password)
}

// VerifySecret tells whether the random secret belongs to the credential.
func (s *Store) VerifySecret(ctx context.Context, id, secret string) (bool, error) {
	hash, err := s.hash(ctx, id)
	if err != nil {
		return false, err
	}
	want, ok := strings.CutPrefix(hash, plainMark)
	return ok && subtle.ConstantTimeCompare([]byte(want), []byte(digest(secret))) == 1, nil
}

func (s *Store) hash(ctx context.Context, id string) (string, error) {
	var hash string
	err := s.Pool.QueryRow(ctx, `SELECT hash FROM identity.credential_secret WHERE credential_id = $1`, id).Scan(&hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read credential: %w", err)
	}
	return hash, nil
}

// PutSession stores the hash of a session secret.
func (s *Store) PutSession(ctx context.Context, session, secret string) error {
	sum := sha256.Sum256([]byte(secret))
	if _, err := s.Pool.Exec(ctx, `INSERT INTO identity.session_secret (hash, session_id) VALUES ($1, $2)`, sum[:], session); err != nil {
		return fmt.Errorf("store session secret: %w", err)
	}
	return nil
}

// Session is the session that a secret belongs to; "" if there is none.
func (s *Store) Session(ctx context.Context, secret string) (string, error) {
	sum := sha256.Sum256([]byte(secret))
	var id string
	err := s.Pool.QueryRow(ctx, `SELECT session_id FROM identity.session_secret WHERE hash = $1`, sum[:]).Scan(&id)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read session secret: %w", err)
	}
	return id, nil
}

// NewSecret makes 256 random bits.
func NewSecret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// NewPassword makes an initial password that can be read out over the phone:
// no letters that look alike, in groups of four.
func NewPassword() string {
	const alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
	for {
		var b strings.Builder
		for i := range 16 {
			if i > 0 && i%4 == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(alphabet[below(len(alphabet))])
		}
		if strings.ContainsAny(b.String(), "23456789") {
			return b.String()
		}
	}
}

// below returns a random number below n without favouring any.
func below(n int) int {
	b := make([]byte, 1)
	for {
		rand.Read(b) // never fails
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
