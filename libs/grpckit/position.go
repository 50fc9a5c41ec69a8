package grpckit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/ostiary/ostiary/libs/fault"
)

// The refusals of ostiary-not-before.
var (
	// ErrNotBefore says that the metadata is not of the form service=position.
	ErrNotBefore = fault.New(fault.Invalid, "NOT_BEFORE_INVALID",
		"ostiary-not-before must be <service>=<position>, for example identity=42.",
		"ostiary-not-before 须为 <服务>=<位置>，例如 identity=42。")
	// ErrNotYet says that the position was not reached in time.
	ErrNotYet = fault.New(fault.Unavailable, "NOT_YET_VISIBLE",
		"What you have just written is not visible here yet; ask again.",
		"刚写入的内容尚不可见，请稍后重试。")
)

// SetPosition tells the caller up to where the service has written, in the
// trailer of the call. Outside of a call it does nothing.
func SetPosition(ctx context.Context, service string, position int64) {
	// The error says that there is no call or that it is over; either way
	// nobody is there to be told.
	_ = grpc.SetTrailer(ctx, metadata.Pairs(TrailerPosition, FormatPosition(service, position)))
}

// FormatPosition writes "<service>=<position>".
func FormatPosition(service string, position int64) string {
	return service + "=" + strconv.FormatInt(position, 10)
}

// ParsePosition reads "<service>=<position>".
func ParsePosition(s string) (service string, position int64, err error) {
	service, number, ok := strings.Cut(strings.TrimSpace(s), "=")
	position, perr := strconv.ParseInt(number, 10, 64)
	if !ok || service == "" || perr != nil || position < 0 {
		return "", 0, ErrNotBefore.With("value", s)
	}
	return service, position, nil
}

// awaitSeen waits until the answer will show everything that the caller has
// seen. Values may be repeated or separated by commas.
func (g gate) awaitSeen(ctx context.Context, md metadata.MD) error {
	values := md.Get(HeaderNotBefore)
	if len(values) == 0 || g.NotBefore == nil {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, notBeforeWait)
	defer cancel()
	for value := range strings.SplitSeq(strings.Join(values, ","), ",") {
		service, position, err := ParsePosition(value)
		if err != nil {
			return err
		}
		err = g.NotBefore(wait, service, position)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return ErrNotYet.With("not_before", FormatPosition(service, position))
		}
		if err != nil {
			return fmt.Errorf("wait for %s: %w", FormatPosition(service, position), err)
		}
	}
	return nil
}
