package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Devices are the marks that sign-ins have left on this machine, by address and
// account. A mark opens nothing: it only tells the door that this is no stranger.
type Devices map[string]map[string]string

// LoadDevices reads the marks; there need be none.
func LoadDevices(env func(string) string) (Devices, error) {
	path, err := devicesPath(env)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Devices{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read device marks: %w", err)
	}
	d := Devices{}
	if json.Unmarshal(b, &d) != nil {
		return Devices{}, nil // the next sign-in writes it anew
	}
	return d, nil
}

// Keep writes the mark of an account at an address, for its owner alone.
func (d Devices) Keep(env func(string) string, address, account, mark string) error {
	if d[address] == nil {
		d[address] = map[string]string{}
	}
	d[address][account] = mark
	path, err := devicesPath(env)
	if err != nil {
		return err
	}
	b, err := json.Marshal(d)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = replace(path, b)
	}
	if err != nil {
		return fmt.Errorf("keep device mark: %w", err)
	}
	return nil
}

func devicesPath(env func(string) string) (string, error) {
	path, err := Path(env)
	return filepath.Join(filepath.Dir(path), "devices.json"), err
}
