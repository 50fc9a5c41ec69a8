package grpckit

import (
	"context"
	"errors"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// forward joins the caller's stream with one to the service. A unary call is a
// stream of one message, so this serves every kind of call.
func forward(caller grpc.ServerStream, md metadata.MD, conn grpc.ClientConnInterface, method string, first *frame) error {
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(caller.Context(), md))
	defer cancel()
	service, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method, grpc.ForceCodecV2(newFrameCodec()))
	if err != nil {
		first.free()
		return handedOn(err)
	}
	// The sender ends with the caller's stream, which gRPC ends when this
	// function returns; its errors come out of RecvMsg below, too.
	go func() {
		if !send(caller, service, first) {
			cancel()
		}
	}()
	return receive(caller, service)
}

// send copies what the caller says. It returns false if the caller went away.
func send(caller grpc.ServerStream, service grpc.ClientStream, first *frame) bool {
	for f := first; ; f = nil {
		if f == nil {
			f = &frame{}
			if err := caller.RecvMsg(f); errors.Is(err, io.EOF) {
				return service.CloseSend() == nil
			} else if err != nil {
				return false
			}
		}
		if service.SendMsg(f) != nil {
			return true // the service has ended the call; RecvMsg tells how
		}
	}
}

// receive copies what the service answers, with its header before and its
// trailer after.
func receive(caller grpc.ServerStream, service grpc.ClientStream) error {
	defer func() { caller.SetTrailer(service.Trailer()) }()
	header, err := service.Header()
	if err != nil {
		return handedOn(err)
	}
	// Without a header the service has answered with a status alone.
	if header != nil {
		if err := caller.SendHeader(header); err != nil {
			return err
		}
	}
	for {
		f := &frame{}
		if err := service.RecvMsg(f); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return handedOn(err)
		}
		if err := caller.SendMsg(f); err != nil {
			return err
		}
	}
}

// handedOn is the status of the service as it is. A service that cannot be
// reached is a refusal; the address in the transport's words is not shown.
func handedOn(err error) error {
	var fromService *refusal
	if errors.As(err, &fromService) {
		return fromService.status.Err()
	}
	if st, ok := status.FromError(err); ok && st.Code() != codes.Unavailable {
		return st.Err()
	}
	return faultStatus(errUnreachable).Err()
}

// passed is the caller's metadata without what belongs to its own connection, and
// with where it comes from.
func passed(ctx context.Context, behind bool) metadata.MD {
	md, _ := metadata.FromIncomingContext(ctx)
	md = md.Copy()
	for key := range md {
		if strings.HasPrefix(key, ":") || strings.HasPrefix(key, "grpc-") || key == "content-type" || key == "user-agent" || key == "te" {
			delete(md, key)
		}
	}
	if behind && len(md.Get(mdAddress)) > 0 {
		return md
	}
	if address := peerAddress(ctx); address != "" {
		md.Set(mdAddress, address)
	}
	return md
}
