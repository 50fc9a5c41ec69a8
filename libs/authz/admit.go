package authz

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// The refusals of admission.
var (
	// ErrUnauthenticated says that nobody has signed in.
	ErrUnauthenticated = fault.New(fault.Unauthenticated, "SIGN_IN_REQUIRED",
		"Sign in first.", "请先登录。")
	// ErrForbidden says that the caller's roles do not admit them.
	ErrForbidden = fault.New(fault.Forbidden, "NOT_ADMITTED",
		"Your roles do not admit you here; ask an administrator of Ostiary for the role that does.",
		"您的角色无权执行此操作，请向司阍管理员申请相应角色。")
)

// everyService in Access.services admits each service of the installation.
const everyService = "*"

// Admit decides whether the caller may call the method, by the option
// ostiary.envelope.v1.access of the method alone. ok is false when nobody has
// signed in. A method that is nil or has no option admits nobody.
func Admit(method protoreflect.MethodDescriptor, c Caller, ok bool) error {
	access := stated(method)
	switch {
	case access.GetAnonymous():
		return nil
	case !ok:
		return ErrUnauthenticated
	case access.GetSignedIn():
		return nil
	case NamesService(method, c):
		return nil
	case slices.ContainsFunc(access.GetRoles(), c.Is):
		return nil
	}
	return ErrForbidden.With("admitted", strings.Join(access.GetRoles(), ", ")).With("yours", strings.Join(c.Roles, ", "))
}

// NamesService tells whether the option ostiary.envelope.v1.access of the method
// names the service that calls. A method that admits everyone who is signed in
// may do more for the services that it names.
func NamesService(method protoreflect.MethodDescriptor, c Caller) bool {
	named := stated(method).GetServices()
	return c.Service != "" && (slices.Contains(named, c.Service) || slices.Contains(named, everyService))
}

// stated is the option of a method; nil if it has none.
func stated(method protoreflect.MethodDescriptor) *envelopev1.Access {
	if method == nil {
		return nil
	}
	access, _ := proto.GetExtension(method.Options(), envelopev1.E_Access).(*envelopev1.Access)
	return access
}
