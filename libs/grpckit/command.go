package grpckit

import (
	"context"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrCommandID says that the metadata command-id is not one UUID.
var ErrCommandID = fault.New(fault.Invalid, "COMMAND_ID_INVALID",
	"The command id is not a UUID; send one UUID such as 0192f1a0-7c1e-7b1a-8a52-3f9a5b1c2d3e, or none.",
	"命令编号不是 UUID，请提供一个 UUID，或不提供。")

type commandKey struct{}

// CommandID is the id of the command that the call is about: the one that the
// caller gave, else a new UUIDv7. It is the same throughout a call.
func CommandID(ctx context.Context) string {
	if id, ok := ctx.Value(commandKey{}).(string); ok {
		return id
	}
	return uuid.Must(uuid.NewV7()).String()
}

func withCommandID(ctx context.Context, md metadata.MD) (context.Context, error) {
	id := uuid.Must(uuid.NewV7())
	if values := md.Get(HeaderCommandID); len(values) > 0 {
		var err error
		// Only the plain form of 36 characters: two spellings of one id would
		// be two commands.
		if id, err = uuid.Parse(values[0]); err != nil || len(values) > 1 || len(values[0]) != 36 {
			return ctx, ErrCommandID
		}
	}
	return context.WithValue(ctx, commandKey{}, id.String()), nil
}
