package book

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ostiary/ostiary/libs/ledger"
)

// Seal is what keeps the book from being cut or rewritten unseen. Both lie
// outside the database.
type Seal struct {
	// Key signs roots.
	Key *ledger.Key
	// File keeps the newest signed root.
	File string
}

// read returns the note of the file, "" if there is none.
func (s Seal) read() (string, error) {
	note, err := os.ReadFile(s.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the signed root outside: %w", err)
	}
	return string(note), nil
}

// outside returns the note of the file and what it says.
func (s Seal) outside() (string, ledger.Checkpoint, error) {
	note, err := s.read()
	if err != nil || note == "" {
		return note, ledger.Checkpoint{}, err
	}
	c, err := ledger.Open([]byte(note), s.Key.Verifier)
	if err != nil {
		return note, c, damaged("the root outside the database is not signed by the key of the ledger")
	}
	return note, c, nil
}

// keep replaces the file in one step and waits until the disk has it: a torn
// or a lost file would look like tampering.
func (s Seal) keep(signed []byte) error {
	folder := filepath.Dir(s.File)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("keep the signed root: %w", err)
	}
	temporary := s.File + ".new"
	if err := write(temporary, signed); err != nil {
		return fmt.Errorf("keep the signed root: %w", err)
	}
	if err := os.Rename(temporary, s.File); err != nil {
		return fmt.Errorf("keep the signed root: %w", err)
	}
	d, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("keep the signed root: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

func write(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}
