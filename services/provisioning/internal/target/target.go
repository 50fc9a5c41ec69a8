// Package target is what the order worker needs of a real system, and how it
// is told what went wrong there. Each kind of system has an adapter of its own
// in a folder below.
package target

import (
	"context"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Change is what must be true of one account and one right on a target. To
// carry it out again is harmless.
type Change struct {
	// Account is the employee number; the adapter knows what it is called there.
	Account string
	// Application and Role make up the right.
	Application string
	Role        string
	// Give says that the right is to be given and the account may sign in.
	// Without it the right is to be taken.
	Give bool
	// KeepMember leaves the right in place although a grant of it ends, because
	// another grant gives it too.
	KeepMember bool
	// KeepLogin lets the account sign in although a right ends, because it holds
	// others on this target.
	KeepLogin bool
}

// Target is a real system.
type Target interface {
	// Open connects and takes the sole right to change accounts there, which
	// lasts until the session is closed or its connection is lost: two replicas
	// never work on one target, and nothing that a lost one had begun can land
	// after the other has taken over. ErrBusy while another holds it.
	Open(ctx context.Context) (Session, error)
}

// Session is an exclusive connection to a target.
type Session interface {
	// System is what identifies the system.
	System() string
	// Apply carries out the changes, each about another account. It returns one
	// error, or nil, for each change; the second result tells that the session
	// is of no further use.
	Apply(ctx context.Context, changes []Change) ([]error, error)
	// ReadBack looks at the target on a fresh connection and returns what it
	// shows for each change, in order, without judging it.
	ReadBack(ctx context.Context, changes []Change) ([]*provisioningv1.ReadBack, error)
	// Close gives the target free.
	Close()
}

// What can go wrong on a target; the reasons are published and stand in
// ProvisioningFailed.
var (
	// ErrUnreachable says that no connection could be made or kept.
	ErrUnreachable = fault.New(fault.Unavailable, "TARGET_UNREACHABLE",
		"The target cannot be reached; check that it runs and that its address is right. Orders go on by themselves.",
		"无法连接目标系统，请检查其是否运行及地址是否正确；恢复后指令会自动继续执行。")
	// ErrTimeout says that the target did not answer in time.
	ErrTimeout = fault.New(fault.Unavailable, "TARGET_TIMEOUT",
		"The target did not answer in time; check its load and its locks. Orders go on by themselves.",
		"目标系统未在限定时间内响应，请检查其负载与锁；恢复后指令会自动继续执行。")
	// ErrRefused says that the target, or the adapter's rules, said no.
	ErrRefused = fault.New(fault.Refused, "TARGET_REFUSED",
		"The target refused the change; see the details and mend it there.",
		"目标系统拒绝了该变更，请根据详情在目标系统上处理。")
	// ErrNotChanged says that the target reported success and shows no change.
	ErrNotChanged = fault.New(fault.Refused, "TARGET_NOT_CHANGED",
		"The target reported success but does not show the change; check who else changes accounts there.",
		"目标系统报告成功但回读未见变更，请检查是否另有他人在修改账号。")
	// ErrUnknown says that no pack names the target, or its connection is unset.
	ErrUnknown = fault.New(fault.Refused, "TARGET_UNKNOWN",
		"No pack names this target, or its dsn_env is unset; apply a pack that does and set the variable.",
		"没有策略包定义该目标系统，或其 dsn_env 变量未设置；请应用包含它的策略包并设置变量。")
	// ErrBusy says that another session works on the target. It is no failure.
	ErrBusy = fault.New(fault.Unavailable, "TARGET_BUSY",
		"Another session is changing accounts on the target; wait for it.",
		"另有会话正在修改目标系统上的账号，请等待其结束。")
)
