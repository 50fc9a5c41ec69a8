package grpckit

import (
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ostiary/ostiary/libs/fault"
)

// runtimeService is answered by every service; the first field of its requests
// says which one is meant.
const runtimeService = "ostiary.runtime.v1.RuntimeService"

// ErrNoService says that a request names a service that is not there.
var ErrNoService = fault.New(fault.NotFound, "SERVICE_UNKNOWN",
	"There is no such service in this installation; ostiary status lists them.",
	"本系统中没有该服务，可用 ostiary status 查看服务列表。")

// PublicServices are the gRPC services that outsiders may call, with the
// service that implements each. What only services ask of each other is not
// among them.
func PublicServices() map[string]string {
	return map[string]string{
		"ostiary.identity.v1.SignInService":             "identity",
		"ostiary.identity.v1.IdentityService":           "identity",
		"ostiary.accessrequest.v1.AccessRequestService": "access-request",
		"ostiary.approval.v1.ApprovalService":           "approval",
		"ostiary.provisioning.v1.ProvisioningService":   "provisioning",
		"ostiary.policy.v1.PolicyService":               "policy",
		"ostiary.audit.v1.AuditService":                 "audit",
		runtimeService:                                  "",
	}
}

// Route returns a server that hands every call on, without understanding it,
// to the service that implements it: public maps gRPC services to service
// names, conn connects to one and returns nil if it does not exist. Credential,
// metadata, trailers and streams pass in both directions; admission is the
// service's. Anything that is not in public is refused as unimplemented.
// Reflection tells about the public services. behind says that something ends TLS
// before the router: of where a caller is, its word counts then.
func Route(conn func(service string) grpc.ClientConnInterface, public map[string]string, behind bool, more ...grpc.ServerOption) *grpc.Server {
	r := router{conn: conn, public: public, behind: behind}
	s := grpc.NewServer(append(append(limits(),
		grpc.ForceServerCodecV2(newFrameCodec()),
		grpc.UnknownServiceHandler(r.handle),
	), more...)...)
	options := reflection.ServerOptions{Services: r}
	reflectionv1.RegisterServerReflectionServer(s, reflection.NewServerV1(options))
	reflectionv1alpha.RegisterServerReflectionServer(s, reflection.NewServer(options))
	return s
}

type router struct {
	conn   func(service string) grpc.ClientConnInterface
	public map[string]string
	behind bool
}

// GetServiceInfo lists the public services for reflection.
func (r router) GetServiceInfo() map[string]grpc.ServiceInfo {
	info := map[string]grpc.ServiceInfo{}
	for name := range r.public {
		info[name] = grpc.ServiceInfo{}
	}
	return info
}

// handle serves one call.
func (r router) handle(_ any, caller grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(caller)
	name, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	service, ok := r.public[name]
	if !ok {
		return status.Error(codes.Unimplemented, "unknown service "+name)
	}
	var first *frame
	if name == runtimeService {
		first = &frame{}
		if err := caller.RecvMsg(first); err != nil {
			return err
		}
		service = firstField(first)
	}
	conn := r.conn(service)
	if conn == nil {
		first.free()
		return faultStatus(ErrNoService.With("service", service)).Err()
	}
	return forward(caller, passed(caller.Context(), r.behind), conn, method, first)
}

// firstField reads the string in field 1, "" if there is none. As in any
// protobuf message, the last one counts.
func firstField(f *frame) string {
	b, value := f.data.Materialize(), ""
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return ""
		}
		b = b[n:]
		if number == 1 && kind == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(b)
			value = string(v)
		}
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			return ""
		}
		b = b[n:]
	}
	return value
}

func (f *frame) free() {
	if f != nil {
		f.data.Free()
	}
}
