package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/gateway/internal/language"
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
		"The body is larger than 1 MiB; send less at once.", "请求体超过 1 MiB，请分次发送。")
	// ErrUnread says that the body has not come in full.
	ErrUnread = fault.New(fault.Invalid, "BODY_INCOMPLETE",
		"The body did not arrive in full; send it again.", "请求体未完整到达，请重新发送。")
	// ErrJSON says that the body is not one JSON object.
	ErrJSON = fault.New(fault.Invalid, "JSON_INVALID",
		"The body is not one JSON object; mend it.", "请求体不是一个完整的 JSON 对象，请修正。")
	// ErrField says that the body has a field that the call does not have.
	ErrField = fault.New(fault.Invalid, "FIELD_UNKNOWN",
		"The body has a field that this call does not take; /api/openapi.json lists those it takes.", "请求体含有该接口不接受的字段，请查看 /api/openapi.json。")
	// ErrParameter says that the query has a parameter that the call does not
	// have.
	ErrParameter = fault.New(fault.Invalid, "PARAMETER_UNKNOWN",
		"The query has a parameter that this path does not take; /api/openapi.json lists those it takes.", "查询含有该路径不接受的参数，请查看 /api/openapi.json。")
	// ErrRequest says that a value is not of its type.
	ErrRequest = fault.New(fault.Invalid, "REQUEST_INVALID",
		"A value is not of the type that /api/openapi.json describes; the details say which.", "有值与 /api/openapi.json 描述的类型不符，详见 details。")
	// ErrAnswer says that the answer is too large to be sent at once.
	ErrAnswer = fault.New(fault.Refused, "ANSWER_TOO_LARGE",
		"The answer is too large to be sent at once; ask for less with limit.", "结果过大，无法一次返回，请用 limit 减少数量。")
	// ErrForeign says that a form comes from another site.
	ErrForeign = fault.New(fault.Forbidden, "FORM_FOREIGN",
		"This form was sent from another site, so nothing was done; open the page itself.", "该表单来自其他网站，未执行任何操作，请直接打开本页面。")
	// ErrInternal is all that is said about a fault of ours.
	ErrInternal = fault.New(fault.Unavailable, "INTERNAL",
		"Internal error; the log holds what it was under error_id.", "内部错误，可凭 error_id 在日志中查明。")
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

// titles are the statuses in Chinese.
var titles = map[int]string{
	http.StatusBadRequest: "请求有误", http.StatusUnauthorized: "需要登录", http.StatusForbidden: "无权访问", http.StatusNotFound: "未找到",
	http.StatusMethodNotAllowed: "方法不允许", http.StatusConflict: "内容已变更", http.StatusRequestEntityTooLarge: "请求过大",
	http.StatusUnsupportedMediaType: "类型不支持", http.StatusUnprocessableEntity: "规则不允许", http.StatusInternalServerError: "内部错误",
	http.StatusServiceUnavailable: "暂不可用", http.StatusGatewayTimeout: "响应超时",
}

// refuse answers an error of a call. Only a fault of ours is logged here: the
// service has logged the call.
func refuse(log *slog.Logger) runtime.ErrorHandlerFunc {
	return func(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
		f := understood(err)
		if f == nil {
			id := uuid.NewString()
			method, _ := runtime.RPCMethod(ctx)
			log.LogAttrs(ctx, slog.LevelError, "request", slog.String("service", "gateway"), slog.String("method", method),
				slog.String("error_id", id), slog.Any("error", err))
			f = ErrInternal.With("error_id", id)
		}
		tellPosition(ctx, w)
		write(w, r, f)
	}
}

// understood is what an error means to the caller; nil if it means nothing.
func understood(err error) *fault.Fault {
	if f, ok := fault.Of(err); ok {
		return f
	}
	st := status.Convert(err)
	switch st.Code() {
	case codes.InvalidArgument:
		return ErrRequest.With("problem", st.Message())
	case codes.DeadlineExceeded, codes.Canceled:
		return ErrSlow
	case codes.NotFound, codes.Unimplemented:
		return ErrNoPath
	case codes.ResourceExhausted:
		return ErrAnswer
	case codes.Internal:
		// The service has logged it under this id.
		if id, ok := strings.CutPrefix(st.Message(), "internal error "); ok && uuid.Validate(id) == nil {
			return ErrInternal.With("error_id", id)
		}
	}
	return nil
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
	spoken := "zh-CN"
	if language.English(r) || p.Detail == "" {
		spoken, p.Detail = "en", f.Message
	} else if title, ok := titles[code]; ok {
		p.Title = title
	}
	if p.Details == nil {
		p.Details = map[string]string{}
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", spoken)
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
