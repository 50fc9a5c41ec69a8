package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrNoAccount says that root has nobody to run the server as.
var ErrNoAccount = fault.New(fault.Unavailable, "POSTGRES_NO_ACCOUNT",
	"PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody. Create one (useradd --system postgres) or start Ostiary as an ordinary user.",
	"PostgreSQL 不能以 root 运行，而本机既没有 postgres 用户也没有 nobody 用户。请创建一个（useradd --system postgres），或以普通用户启动 Ostiary。")

// account is the operating-system user that runs the server. The zero value
// is the user of this process.
type account struct {
	drop     bool
	uid, gid uint32
}

// accountFor chooses who runs the cluster in dir. An existing cluster is run
// by its owner, so that root may start what an ordinary user has made.
func accountFor(dir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if info, err := os.Stat(dataOf(dir)); err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 {
			return account{drop: true, uid: s.Uid, gid: s.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("read the id of user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("read the group of user %s: %w", name, err)
		}
		return account{drop: true, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return account{}, ErrNoAccount
}

// command prepares a program that runs as the account, in a session of its own
// so that no signal of the terminal reaches it.
func (a account) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.drop {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	// English messages: start tells a transient refusal by its text.
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	c.Dir = "/"
	return c
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("give %s to the database user: %w", path, err)
	}
	return nil
}

// enters reports whether the account can reach the folder: every folder above
// must let it through, which only a try as that user tells for certain.
func (a account) enters(ctx context.Context, dir string) bool {
	return a.command(ctx, "/bin/sh", "-c", `cd -- "$0" && [ -w . ]`, dir).Run() == nil
}
