// Package session keeps the sign-in between two calls of the command line: a
// secret that the server exchanges for short-lived tokens.
package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrNone says that nobody has signed in here.
var ErrNone = fault.New(fault.Unauthenticated, "SIGN_IN_REQUIRED",
	"Sign in first: ostiary login --user USER", "请先登录：ostiary login --user 用户名")

// File is what lies on disk.
type File struct {
	Address string `json:"address"`
	Account string `json:"account"`
	Session string `json:"session"`
}

// Path is where the session lies.
func Path(env func(string) string) (string, error) {
	dir := env("XDG_CONFIG_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home folder; set XDG_CONFIG_HOME: %w", err)
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "ostiary", "session.json"), nil
}

// Load reads the session; ErrNone if there is none.
func Load(env func(string) string) (File, error) {
	if token := env("OSTIARY_TOKEN"); token != "" {
		return File{Session: token}, nil
	}
	path, err := Path(env)
	if err != nil {
		return File{}, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, ErrNone
	}
	if err != nil {
		return File{}, fmt.Errorf("read session: %w", err)
	}
	var f File
	if err := json.Unmarshal(b, &f); err != nil || f.Session == "" {
		return File{}, ErrNone
	}
	return f, nil
}

// Save writes the session for its owner alone.
func Save(env func(string) string, f File) error {
	path, err := Path(env)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	b, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	if err := replace(path, b); err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// replace puts a new file, which only its owner may read, in the place of
// whatever was there.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".session-")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Forget removes the session from disk.
func Forget(env func(string) string) error {
	path, err := Path(env)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget session: %w", err)
	}
	return nil
}

// Tokens turns the session secret into access tokens, and renews them before
// they expire, so that a long call outlives its first token.
type Tokens struct {
	Secret string

	mu      sync.Mutex
	token   string
	renewAt time.Time
	zone    string
}

// Attach returns a context that carries a valid token.
func (t *Tokens) Attach(ctx context.Context, cc grpc.ClientConnInterface, now time.Time) (context.Context, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == "" || now.After(t.renewAt) {
		r, err := identityv1.NewSignInServiceClient(cc).RefreshSession(ctx, &identityv1.RefreshSessionRequest{Session: t.Secret})
		if err != nil {
			return nil, err
		}
		t.token, t.renewAt = r.GetAccessToken(), now.Add(time.Duration(r.GetExpiresIn())*time.Second/2)
		t.zone = r.GetZone()
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+t.token), nil
}

// Zone is where the days of the installation begin and end, as it said when the
// last token was given.
func (t *Tokens) Zone() (*time.Location, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	zone, err := time.LoadLocation(t.zone)
	if err != nil {
		return nil, fmt.Errorf("find the time zone of the installation: %w", err)
	}
	return zone, nil
}
