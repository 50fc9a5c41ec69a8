package postgres

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/ostiary/ostiary/libs/fault"
)

// MinMajor is the oldest PostgreSQL that the event store supports.
const MinMajor = 15

// ErrMissing says that no usable PostgreSQL is installed.
var ErrMissing = fault.New(fault.Unavailable, "POSTGRES_MISSING",
	"No PostgreSQL 15 or newer was found. Install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17), or set OSTIARY_PG_BIN to the folder of initdb and postgres, or DATABASE_URL to a running server.",
	"未找到 PostgreSQL 15 或更高版本。请安装（Debian、Ubuntu：apt-get install postgresql；macOS：brew install postgresql@17），或将 OSTIARY_PG_BIN 设为 initdb 与 postgres 所在目录，或将 DATABASE_URL 设为已运行的服务器。")

// Binaries is one installation of PostgreSQL.
type Binaries struct {
	// Dir holds initdb and postgres, links followed.
	Dir string
	// Major is the major version, for example 15.
	Major int
}

// folders are where packages put the server, beside PATH.
var folders = []string{
	"/usr/lib/postgresql/*/bin",                             // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                      // RHEL, from postgresql.org
	"/usr/libexec/postgresql*",                              // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                    // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                       // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",    // Postgres.app
	"/usr/local/pgsql/bin",                                  // built from source
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",       // Homebrew on Linux
	"/run/current-system/sw/bin",                            // NixOS
	"/opt/bitnami/postgresql/bin", "/usr/share/postgresql*", // images
}

// find lists the usable installations, the newest major version first. An
// explicit folder excludes all others.
func find(ctx context.Context, explicit string) ([]Binaries, error) {
	candidates := []string{explicit}
	if explicit == "" {
		candidates = nil
		if initdb, err := exec.LookPath("initdb"); err == nil {
			candidates = append(candidates, filepath.Dir(resolved(initdb)))
		}
		for _, pattern := range folders {
			found, err := filepath.Glob(pattern)
			if err != nil {
				return nil, fmt.Errorf("look for PostgreSQL in %s: %w", pattern, err)
			}
			candidates = append(candidates, found...)
		}
	}
	var usable []Binaries
	for _, dir := range candidates {
		dir = resolved(dir)
		known := slices.ContainsFunc(usable, func(b Binaries) bool { return b.Dir == dir })
		if major := majorOf(ctx, dir); major >= MinMajor && !known {
			usable = append(usable, Binaries{Dir: dir, Major: major})
		}
	}
	if len(usable) == 0 {
		if explicit != "" {
			return nil, ErrMissing.With("OSTIARY_PG_BIN", explicit)
		}
		return nil, ErrMissing
	}
	slices.SortStableFunc(usable, func(a, b Binaries) int { return cmp.Compare(b.Major, a.Major) })
	return usable, nil
}

// resolved follows links: a link in /usr/local/bin does not sit beside the
// other programs.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

var version = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorOf asks the server in a folder for its version; 0 when there is none.
func majorOf(ctx context.Context, dir string) int {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	m := version.FindSubmatch(out)
	if m == nil {
		return 0
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return 0
	}
	return major
}
