package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	accessrequest "github.com/ostiary/ostiary/services/gateway/internal/rest/ostiary/accessrequest/v1"
	approval "github.com/ostiary/ostiary/services/gateway/internal/rest/ostiary/approval/v1"
	audit "github.com/ostiary/ostiary/services/gateway/internal/rest/ostiary/audit/v1"
	identity "github.com/ostiary/ostiary/services/gateway/internal/rest/ostiary/identity/v1"
	policy "github.com/ostiary/ostiary/services/gateway/internal/rest/ostiary/policy/v1"
	provisioning "github.com/ostiary/ostiary/services/gateway/internal/rest/ostiary/provisioning/v1"
	runtimeservice "github.com/ostiary/ostiary/services/gateway/internal/rest/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/services/gateway/internal/page"
)

// Names of headers, and of the metadata that they are to the services.
const (
	headerCommandID = "Command-Id"
	headerNotBefore = "Ostiary-Not-Before"
	headerPosition  = "Ostiary-Position"
	mdCommandID     = "command-id"
	mdNotBefore     = "ostiary-not-before"
	mdPosition      = "ostiary-position"
)

// Options are what a process knows that the door does not.
type Options struct {
	// Log receives the faults of the door itself.
	Log *slog.Logger
	// Secure says that people reach the page over TLS that something before the
	// door ends; then its cookie is sent over nothing else.
	Secure bool
}

// New returns the whole door. conn leads to the services, by gRPC service.
func New(ctx context.Context, conn *grpc.ClientConn, o Options) (http.Handler, error) {
	all, err := described(OpenAPI)
	if err != nil {
		return nil, err
	}
	rest := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler{&runtime.JSONPb{MarshalOptions: marshal}}),
		runtime.WithForwardResponseRewriter(asList),
		runtime.WithIncomingHeaderMatcher(incoming),
		runtime.WithOutgoingHeaderMatcher(none),
		runtime.WithOutgoingTrailerMatcher(none),
		runtime.WithForwardResponseOption(position),
		runtime.WithErrorHandler(refuse(o.Log)),
		runtime.WithRoutingErrorHandler(misrouted),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllCharacters),
		runtime.WithDisablePathLengthFallback(),
	)
	for name, register := range map[string]func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{
		"sign-in": identity.RegisterSignInServiceHandler, "identity": identity.RegisterIdentityServiceHandler,
		"access-request": accessrequest.RegisterAccessRequestServiceHandler, "approval": approval.RegisterApprovalServiceHandler,
		"provisioning": provisioning.RegisterProvisioningServiceHandler, "policy": policy.RegisterPolicyServiceHandler,
		"audit": audit.RegisterAuditServiceHandler, "runtime": runtimeservice.RegisterRuntimeServiceHandler,
	} {
		if err := register(ctx, rest, conn); err != nil {
			return nil, fmt.Errorf("route %s: %w", name, err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", checked(all, rest))
	mux.HandleFunc("GET /api/openapi.json", serveOpenAPI)
	mux.Handle("/", page.New(conn, page.Options{
		Secure:  o.Secure,
		Foreign: func(w http.ResponseWriter, r *http.Request) { write(w, r, ErrForeign) },
		Unknown: func(w http.ResponseWriter, r *http.Request) { write(w, r, ErrNoPath) },
	}))
	return headers(from(o.Secure, mux)), nil
}

// incoming lets through what means something to a service. The credential
// passes by itself.
func incoming(name string) (string, bool) {
	switch http.CanonicalHeaderKey(name) {
	case headerCommandID:
		return mdCommandID, true
	case headerNotBefore:
		return mdNotBefore, true
	}
	return "", false
}

func none(string) (string, bool) { return "", false }

// position tells the caller up to where the service has written.
func position(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	w.Header().Set("Cache-Control", "no-store")
	tellPosition(ctx, w)
	return nil
}

// tellPosition does so for a refusal, too: a part may have been written.
func tellPosition(ctx context.Context, w http.ResponseWriter) {
	if md, ok := runtime.ServerMetadataFromContext(ctx); ok {
		if at := md.TrailerMD.Get(mdPosition); len(at) > 0 {
			w.Header().Set(headerPosition, strings.Join(at, ","))
		}
	}
}

// from makes the remote address of a request the caller's: behind something that
// ends TLS it is what that wrote last, otherwise the other end of the connection.
func from(behind bool, next http.Handler) http.Handler {
	const header = "X-Forwarded-For"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if said := r.Header.Values(header); behind && len(said) > 0 {
			hops := strings.Split(said[len(said)-1], ",")
			r.RemoteAddr = net.JoinHostPort(strings.TrimSpace(hops[len(hops)-1]), "0")
		}
		next.ServeHTTP(w, r)
	})
}

// headers are those of every answer.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
