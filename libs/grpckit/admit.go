package grpckit

import (
	"context"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/authz"
)

// admit returns the context of the handler: with the caller, if the method
// admits them, and with the command id, when everything that the caller has
// seen is there. The context returned with an error knows the caller, too.
func (g gate) admit(ctx context.Context, method string) (context.Context, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	rule := methodOf(method)
	caller, signedIn, err := g.authenticate(md)
	if err != nil && authz.Admit(rule, authz.Caller{}, false) != nil {
		return ctx, err
	}
	if signedIn {
		ctx = authz.With(ctx, caller)
	}
	if err := authz.Admit(rule, caller, signedIn); err != nil {
		return ctx, err
	}
	ctx, err = withCommandID(ctx, md)
	if err != nil {
		return ctx, err
	}
	return ctx, g.awaitSeen(ctx, md)
}

// authenticate returns who signed in; nobody is not an error. A credential
// that does not hold is one, except to a method that admits everybody: an
// expired token must not stop its owner from signing in again.
func (g gate) authenticate(md metadata.MD) (authz.Caller, bool, error) {
	values := md.Get(headerAuthorization)
	if len(values) == 0 {
		return authz.Caller{}, false, nil
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || g.Verifier == nil {
		return authz.Caller{}, false, authn.ErrTokenInvalid
	}
	caller, err := g.Verifier.Verify(strings.TrimSpace(token))
	return caller, err == nil, err
}

// methodOf finds the descriptor of "/package.Service/Method"; nil if this
// binary does not know it, which admits nobody.
func methodOf(full string) protoreflect.MethodDescriptor {
	name := strings.ReplaceAll(strings.TrimPrefix(full, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	m, _ := d.(protoreflect.MethodDescriptor)
	return m
}
