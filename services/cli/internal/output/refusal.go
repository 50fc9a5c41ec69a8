package output

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

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
	} else {
		fmt.Fprintf(p.Err, "%s  [%s]\n", printable(message), reason)
		for _, k := range slices.Sorted(maps.Keys(details)) {
			fmt.Fprintf(p.Err, "  %s: %s\n", printable(k), printable(details[k]))
		}
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
	switch status.Code(err) {
	case codes.Unavailable:
		reason, message = "UNAVAILABLE", "Ostiary cannot be reached; is it running? (make up)"
		if chinese {
			message = "无法连接 Ostiary，请确认服务已启动（make up）。"
		}
	case codes.DeadlineExceeded:
		reason, message = "TIMED_OUT", ErrTimedOut.Message
		if chinese {
			message = ErrTimedOut.MessageZH
		}
	default:
		reason, message = "INTERNAL", err.Error()
		if s, ok := status.FromError(err); ok {
			message = s.Message()
		}
	}
	return reason, message, map[string]string{}
}

func code(err error) int {
	if errors.Is(err, ErrTimedOut) || errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded {
		return TimedOut
	}
	if errors.Is(err, ErrInterrupted) {
		return Interrupted
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
