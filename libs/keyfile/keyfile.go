// Package keyfile keeps secrets that must lie outside every database: one
// secret a file, readable by nobody but its service.
package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// tooOpen are the permission bits that a key file may not have. Reading by the
// group is admitted because that is how Kubernetes mounts a secret for a
// process that is not root.
const tooOpen fs.FileMode = 0o027

// LoadOrCreate returns the content of the file at path. If there is none, it
// makes the secret, stores it with mode 0600 and returns it; of several
// processes that do so at once, one wins and all return what it stored.
func LoadOrCreate(path string, create func() ([]byte, error)) ([]byte, error) {
	secret, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	made, err := create()
	if err != nil {
		return nil, fmt.Errorf("make key for %s: %w", path, err)
	}
	if err := store(path, made); err != nil {
		return nil, fmt.Errorf("store key %s: %w", path, err)
	}
	return load(path)
}

func load(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open key: %w", err)
	}
	if info.Mode().Perm()&tooOpen != 0 {
		return nil, fmt.Errorf("open key %s: mode %04o lets others use it; run chmod 600 on it", path, info.Mode().Perm())
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if secret = bytes.TrimSpace(secret); len(secret) == 0 {
		return nil, fmt.Errorf("read key %s: the file is empty; restore it from its backup", path)
	}
	return secret, nil
}

// store writes beside the target and links: the name appears complete or not
// at all, and never over an existing key.
func store(path string, secret []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(secret, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the new name survive a power cut; a key that is lost after
// data was sealed with it loses the data.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
