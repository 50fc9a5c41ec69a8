package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrWrongMajor says that the cluster was made by a version that is gone.
var ErrWrongMajor = fault.New(fault.Unavailable, "POSTGRES_WRONG_MAJOR",
	"The database was made by another major version of PostgreSQL, which is no longer installed. Install that version again, or move the data with pg_upgrade.",
	"该数据库由另一个 PostgreSQL 主版本创建，而该版本已不在本机。请重新安装该版本，或用 pg_upgrade 迁移数据。")

// choose returns the installation that fits the cluster in dir: the version
// that made it, or the newest for a new cluster.
func choose(dir string, installed []Binaries) (Binaries, error) {
	made, err := os.ReadFile(filepath.Join(dataOf(dir), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return installed[0], nil
	}
	if err != nil {
		return Binaries{}, fmt.Errorf("read the version of the database: %w", err)
	}
	want := strings.TrimSpace(string(made))
	for _, b := range installed {
		if strconv.Itoa(b.Major) == want {
			return b, nil
		}
	}
	return Binaries{}, ErrWrongMajor.With("made_by", want).With("folder", dir)
}

// establish makes the cluster unless it exists, and returns the superuser's
// password. initdb works in a folder beside: a killed initdb leaves nothing
// that looks like a cluster.
func establish(ctx context.Context, a account, b Binaries, dir string) (string, error) {
	if _, err := os.Stat(dataOf(dir)); err == nil {
		password, err := os.ReadFile(passwordOf(dir))
		if err != nil {
			return "", fmt.Errorf("read the password of the database: %w", err)
		}
		return strings.TrimSpace(string(password)), nil
	}
	password := rand.Text()
	if err := write(a, passwordOf(dir), password); err != nil {
		return "", err
	}
	fresh := filepath.Join(dir, "data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return "", fmt.Errorf("remove an unfinished database: %w", err)
	}
	locale := "C.UTF-8"
	if runtime.GOOS == "darwin" {
		locale = "C"
	}
	initdb := a.command(ctx, filepath.Join(b.Dir, "initdb"), "--pgdata", fresh, "--username", superuser,
		"--encoding", "UTF8", "--locale", locale, "--auth", "scram-sha-256", "--pwfile", passwordOf(dir))
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := os.Rename(fresh, dataOf(dir)); err != nil {
		return "", fmt.Errorf("put the new database in place: %w", err)
	}
	return password, nil
}

// write replaces a small private file.
func write(a account, path, content string) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(content+"\n"), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := a.own(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
