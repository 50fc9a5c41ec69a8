package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/fault"
)

// The refusals of the door itself.
var (
	// ErrNoPath says that nothing answers there.
	ErrNoPath = fault.New(fault.NotFound, "PATH_UNKNOWN",
		"Nothing answers here; /api/openapi.json lists the paths.", "没有该路径，请查看 /api/openapi.json。")
	// ErrMethod says that the path is asked in another way.
	ErrMethod = fault.New(fault.Invalid, "METHOD_NOT_ALLOWED",
		"This path does not take this method; /api/openapi.json lists what it takes.", "该路径不支持此方法，请查看 /api/openapi.json。")
	// ErrMediaType says that the body is not JSON.
	ErrMediaType = fault.New(fault.Invalid, "MEDIA_TYPE_UNSUPPORTED",
		"Send JSON with Content-Type: application/json.", "请以 Content-Type: application/json 发送 JSON。")
	// ErrTooLarge says that the body is too large.
	ErrTooLarge = fault.New(fault.Invalid, "BODY_TOO_LARGE",
		"The body is larger than 2 MiB; send less at once.", "请求体超过 2 MiB，请分次发送。")
	// ErrBody says that the request cannot be read.
	ErrBody = fault.New(fault.Invalid, "REQUEST_INVALID",
		"The request is not of the form that /api/openapi.json describes; the detail says where.", "请求与 /api/openapi.json 的描述不符，详见 details。")
	// ErrInternal is all that is said about a fault of ours.
	ErrInternal = fault.New(fault.Unavailable, "INTERNAL",
		"Internal error; the log of the service tells what it was.", "内部错误，详情见服务日志。")
	// ErrSlow says that the time for the call is over.
	ErrSlow = fault.New(fault.Unavailable, "TIMED_OUT",
		"The answer took too long; ask again.", "响应超时，请重试。")
)

// problem is RFC 9457's document, with our reason and details.
type problem struct {
	Type    string            `json:"type"`
	Title   string            `json:"title"`
	Status  int               `json:"status"`
	Detail  string            `json:"detail"`
	Reason  string            `json:"reason"`
	Details map[string]string `json:"details"`
}

// statuses are the HTTP status of each kind of refusal.
var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.NotFound: http.StatusNotFound, fault.Forbidden: http.StatusForbidden,
	fault.Conflict: http.StatusConflict, fault.Refused: http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Unavailable: http.StatusServiceUnavailable,
}

// particular are refusals whose status says more than their kind does.
var particular = map[string]int{
	ErrMethod.Reason: http.StatusMethodNotAllowed, ErrMediaType.Reason: http.StatusUnsupportedMediaType,
	ErrTooLarge.Reason: http.StatusRequestEntityTooLarge, ErrInternal.Reason: http.StatusInternalServerError, ErrSlow.Reason: http.StatusGatewayTimeout,
}

// refuse answers an error of a call.
func refuse(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	write(w, r, understood(err))
}

// understood is what an error means to the caller.
func understood(err error) *fault.Fault {
	if f, ok := fault.Of(err); ok {
		return f
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return ErrTooLarge
	}
	st := status.Convert(err)
	switch st.Code() {
	case codes.InvalidArgument:
		if strings.Contains(st.Message(), "http: request body too large") {
			return ErrTooLarge
		}
		return ErrBody.With("problem", st.Message())
	case codes.DeadlineExceeded, codes.Canceled:
		return ErrSlow
	case codes.NotFound, codes.Unimplemented:
		return ErrNoPath
	}
	return ErrInternal
}

// misrouted answers what no path takes.
func misrouted(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	if code == http.StatusMethodNotAllowed {
		write(w, r, ErrMethod)
		return
	}
	write(w, r, ErrNoPath)
}

func write(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	code, ok := particular[f.Reason]
	if !ok {
		code = statuses[f.Kind]
	}
	p := problem{
		Type: "urn:ostiary:refusal:" + f.Reason, Title: http.StatusText(code), Status: code, Detail: f.MessageZH, Reason: f.Reason, Details: f.Details,
	}
	language := "zh-CN"
	if english(r) || p.Detail == "" {
		language, p.Detail = "en", f.Message
	}
	if p.Details == nil {
		p.Details = map[string]string{}
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", language)
	h.Set("Cache-Control", "no-store")
	switch code {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(p) // the caller may have gone
}

// english tells whether the caller would rather read English.
func english(r *http.Request) bool {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(first)), "en")
}

// checked refuses bodies that are not JSON before anything reads them.
func checked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			if err != nil || kind != "application/json" {
				write(w, r, ErrMediaType)
				return
			}
		}
		if r.ContentLength > maxBody {
			_, _ = io.CopyN(io.Discard, r.Body, 1) // so that the connection is closed in order
			write(w, r, ErrTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	})
}
