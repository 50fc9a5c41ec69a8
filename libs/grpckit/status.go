package grpckit

import (
	"context"
	"errors"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/ostiary/ostiary/libs/fault"
)

// domain marks the reasons that are ours.
const domain = "ostiary"

// locale of the message that travels beside the English one.
const locale = "zh-CN"

// errUnreachable is what a caller sees when a service behind this one cannot
// be reached.
var errUnreachable = fault.New(fault.Unavailable, "SERVICE_UNREACHABLE",
	"A service that is needed for this cannot be reached; try again.",
	"所需服务暂时无法访问，请稍后重试。")

// toStatus is the only place where an error becomes a status. known is false
// for an error that says nothing to the caller; it must not be shown.
func toStatus(err error) (st *status.Status, known bool) {
	if err == nil {
		return status.New(codes.OK, ""), true
	}
	if f, ok := fault.Of(err); ok {
		return faultStatus(f), true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return status.New(codes.DeadlineExceeded, "the time for this call is over"), true
	}
	if errors.Is(err, context.Canceled) {
		return status.New(codes.Canceled, "the caller has gone"), true
	}
	var remote interface{ GRPCStatus() *status.Status }
	if errors.As(err, &remote) {
		switch code := remote.GRPCStatus().Code(); code {
		case codes.Unavailable:
			return faultStatus(errUnreachable), true
		case codes.Unimplemented, codes.Canceled, codes.DeadlineExceeded, codes.ResourceExhausted:
			return status.New(code, remote.GRPCStatus().Message()), true
		}
	}
	return status.New(codes.Internal, "internal error"), false
}

// faultStatus carries a fault with reason, details and both messages.
func faultStatus(f *fault.Fault) *status.Status {
	st := status.New(codeOf(f.Kind), f.Message)
	details := []protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: f.Reason, Domain: domain, Metadata: f.Details},
		&errdetails.LocalizedMessage{Locale: locale, Message: f.MessageZH},
	}
	if with, err := st.WithDetails(details...); err == nil {
		return with
	}
	return st // details that are not valid UTF-8 are left out; code and message stand
}

// fromStatus undoes faultStatus, so that errors.Is holds in the caller. An
// error that is no fault of ours stays as it is.
func fromStatus(err error) error {
	st, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	f := &fault.Fault{Kind: kindOf(st.Code()), Message: st.Message()}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == domain {
				f.Reason, f.Details = d.GetReason(), d.GetMetadata()
			}
		case *errdetails.LocalizedMessage:
			if d.GetLocale() == locale {
				f.MessageZH = d.GetMessage()
			}
		}
	}
	if f.Reason == "" || f.Kind == 0 {
		return err
	}
	return &refusal{fault: f, status: st}
}

// refusal is a fault that came over the wire. It keeps its status, so that a
// router hands it on unchanged.
type refusal struct {
	fault  *fault.Fault
	status *status.Status
}

// Error is the fault's text.
func (r *refusal) Error() string { return r.fault.Error() }

// Unwrap is the fault.
func (r *refusal) Unwrap() error { return r.fault }

// GRPCStatus is the status as it was received.
func (r *refusal) GRPCStatus() *status.Status { return r.status }

func codeOf(k fault.Kind) codes.Code {
	for _, pair := range kinds {
		if pair.kind == k {
			return pair.code
		}
	}
	return codes.Unknown
}

func kindOf(c codes.Code) fault.Kind {
	for _, pair := range kinds {
		if pair.code == c {
			return pair.kind
		}
	}
	return 0
}

// kinds maps one to one.
var kinds = []struct {
	kind fault.Kind
	code codes.Code
}{
	{fault.Invalid, codes.InvalidArgument},
	{fault.NotFound, codes.NotFound},
	{fault.Forbidden, codes.PermissionDenied},
	{fault.Conflict, codes.Aborted},
	{fault.Refused, codes.FailedPrecondition},
	{fault.Unauthenticated, codes.Unauthenticated},
	{fault.Unavailable, codes.Unavailable},
}
