package output

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/fault"
)

// The exit codes of architecture §10.
const (
	Done        = 0
	Internal    = 1
	Usage       = 2
	Refused     = 3 // also: held
	NotFound    = 4
	Unavailable = 5
	NotSignedIn = 6
	TimedOut    = 7
	Interrupted = 130 // 128 and the number of SIGINT, as shells count
)

// ErrUsage is a command line that cannot be understood.
var ErrUsage = fault.New(fault.Invalid, "USAGE", "The command line is wrong; see --help.", "命令行有误，请参见 --help。")

// ErrUnreachable says that nobody answers at the address.
var ErrUnreachable = fault.New(fault.Unavailable, "UNREACHABLE",
	"Ostiary does not answer at this address. Start it with 'make up', or name another address with --addr or OSTIARY_ADDR.",
	"该地址上的司阍没有应答。请用 make up 启动，或用 --addr、OSTIARY_ADDR 指定其他地址。")

// ErrTimedOut says that the consequences were not confirmed in the time given;
// they go on.
var ErrTimedOut = fault.New(fault.Unavailable, "TIMED_OUT",
	"The change is recorded, but not everything was confirmed in time; it goes on. Look again with 'ostiary status'.",
	"变更已记录，但未在限定时间内全部确认；处理仍在继续，可用 ostiary status 查看。")

// ErrParked says that a consequence of the change could not be processed and
// waits for somebody to mend the cause.
var ErrParked = fault.New(fault.Refused, "CONSEQUENCES_PARKED",
	"The change is recorded, but some of its consequences could not be processed. Look with 'ostiary inbox list', mend the cause, then 'ostiary inbox retry SERVICE'.",
	"变更已记录，但部分后果无法处理。请用 ostiary inbox list 查看，排除原因后执行 ostiary inbox retry 服务名。")

// ErrHeld says that nothing was done until somebody confirms.
var ErrHeld = fault.New(fault.Refused, "HELD", "Held until confirmed.", "已暂停，待确认后执行。")

// ErrInterrupted says that the caller ended the call.
var ErrInterrupted = fault.New(fault.Refused, "INTERRUPTED",
	"Interrupted. What had been sent by then is not taken back.", "已中断；此前已提交的内容不会撤回。")

// Refuse prints an error and returns the exit code for it.
func (p *Printer) Refuse(err error) int {
	if errors.Is(err, ErrHeld) {
		return Refused // the answer itself has been printed
	}
	reason, message, details := describe(err, p.Chinese)
	if p.JSON {
		enc := json.NewEncoder(p.Err)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(map[string]any{"error": map[string]any{"reason": reason, "message": message, "details": details}})
		return code(err)
	}
	fmt.Fprintf(p.Err, "%s  [%s]\n", printable(message), reason)
	for _, line := range p.details(details) {
		fmt.Fprintln(p.Err, line)
	}
	return code(err)
}

func describe(err error, chinese bool) (reason, message string, details map[string]string) {
	if f, ok := fault.Of(err); ok {
		message = f.Message
		if chinese && f.MessageZH != "" {
			message = f.MessageZH
		}
		if f.Details == nil {
			return f.Reason, message, map[string]string{}
		}
		return f.Reason, message, f.Details
	}
	known := map[codes.Code]*fault.Fault{codes.Unavailable: ErrUnreachable, codes.DeadlineExceeded: ErrTimedOut}
	if f := known[status.Code(err)]; f != nil {
		return describe(f, chinese)
	}
	message = err.Error()
	if s, ok := status.FromError(err); ok {
		message = s.Message()
	}
	return "INTERNAL", message, map[string]string{}
}

func code(err error) int {
	if errors.Is(err, ErrTimedOut) || errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded {
		return TimedOut
	}
	if errors.Is(err, ErrInterrupted) {
		return Interrupted
	}
	if errors.Is(err, ErrNotWritten) {
		return Internal
	}
	if f, ok := fault.Of(err); ok {
		switch f.Kind {
		case fault.Invalid:
			return Usage
		case fault.NotFound:
			return NotFound
		case fault.Forbidden, fault.Conflict, fault.Refused:
			return Refused
		case fault.Unauthenticated:
			return NotSignedIn
		case fault.Unavailable:
			return Unavailable
		}
	}
	if status.Code(err) == codes.Unavailable {
		return Unavailable
	}
	return Internal
}
