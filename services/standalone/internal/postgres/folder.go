package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrUnreachable says that the database user can enter neither the wanted
// folder nor the one under the system's state folder.
var ErrUnreachable = fault.New(fault.Unavailable, "POSTGRES_FOLDER_UNREACHABLE",
	"The database user can enter neither the state folder nor its substitute. Set OSTIARY_HOME to a folder whose parents may be entered by everybody (chmod a+x).",
	"数据库用户既无法进入状态目录，也无法进入替代目录。请将 OSTIARY_HOME 设为上级目录均可进入（chmod a+x）的目录。")

// systemState is where the substitute of an unreachable folder lies.
const systemState = "/var/lib/ostiary"

// place prepares the folder of a cluster: the wanted one, or, when the account
// cannot enter it (a checkout under root's home), one under the system's state
// folder that is named after the wanted path and so found again.
func place(ctx context.Context, a account, wanted, state string) (string, error) {
	if err := prepare(a, wanted); err != nil {
		return "", err
	}
	if !a.drop || a.enters(ctx, wanted) {
		return wanted, nil
	}
	// An empty folder that cannot be used would only mislead.
	if err := os.Remove(wanted); err != nil {
		return "", fmt.Errorf("remove the unreachable folder: %w", err)
	}
	sum := sha256.Sum256([]byte(wanted))
	substitute := filepath.Join(cmp.Or(state, systemState), hex.EncodeToString(sum[:6])+"-"+filepath.Base(wanted))
	if err := prepare(a, substitute); err != nil {
		return "", err
	}
	if !a.enters(ctx, substitute) {
		return "", ErrUnreachable.With("folder", wanted).With("substitute", substitute)
	}
	return substitute, nil
}

// prepare makes the folder, closed to everybody but the account. Folders above
// it may be passed through, not listed.
func prepare(a account, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o711); err != nil {
		return fmt.Errorf("make the folder above the database: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the folder of the database: %w", err)
	}
	return a.own(dir)
}

func dataOf(dir string) string     { return filepath.Join(dir, "data") }
func passwordOf(dir string) string { return filepath.Join(dir, "password") }
func portOf(dir string) string     { return filepath.Join(dir, "port") }
func logOf(dir string) string      { return filepath.Join(dir, "log") }
