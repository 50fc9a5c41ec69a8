package authz_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	_ "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/authz"
)

var (
	roles    = []string{"admin", "access-admin", "hr", "operator", "auditor", "reception", "agent", "employee"}
	services = []string{"identity", "access-request", "approval", "provisioning", "policy", "audit", "gateway"}
)

// methods are all RPCs of the product, found in the descriptors.
func methods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	var all []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(f.Package()), "ostiary.") {
			for i := range f.Services().Len() {
				for j := range f.Services().Get(i).Methods().Len() {
					all = append(all, f.Services().Get(i).Methods().Get(j))
				}
			}
		}
		return true
	})
	if len(all) < 20 {
		t.Fatalf("found %d methods; the descriptors are not linked", len(all))
	}
	return all
}

func accessOf(m protoreflect.MethodDescriptor) *envelopev1.Access {
	a, _ := proto.GetExtension(m.Options(), envelopev1.E_Access).(*envelopev1.Access)
	return a
}

func TestEveryMethodStatesWhoMayCallIt(t *testing.T) {
	t.Parallel()
	for _, m := range methods(t) {
		a := accessOf(m)
		if a == nil || !a.GetAnonymous() && !a.GetSignedIn() && len(a.GetRoles())+len(a.GetServices()) == 0 {
			t.Errorf("%s admits nobody: state who may call it", m.FullName())
		}
		for _, r := range a.GetRoles() {
			if !slices.Contains(roles, r) {
				t.Errorf("%s admits the role %q, which does not exist", m.FullName(), r)
			}
		}
		for _, s := range a.GetServices() {
			if s != "*" && !slices.Contains(services, s) {
				t.Errorf("%s admits the service %q, which does not exist", m.FullName(), s)
			}
		}
		// ReadLifecycle looks at the token of its clients itself, which is no
		// access token.
		if a.GetAnonymous() && !slices.Contains([]string{"SignIn", "RefreshSession", "ReadLifecycle"}, string(m.Name())) {
			t.Errorf("%s admits everybody; only signing in may", m.FullName())
		}
	}
}

func TestEveryMethodAdmitsExactlyWhomItStates(t *testing.T) {
	t.Parallel()
	for _, m := range methods(t) {
		a := accessOf(m)
		check := func(who string, c authz.Caller, signedIn, admitted bool) {
			t.Helper()
			err := authz.Admit(m, c, signedIn)
			switch {
			case admitted && err != nil:
				t.Errorf("%s refuses %s: %v", m.FullName(), who, err)
			case !admitted && signedIn && !errors.Is(err, authz.ErrForbidden),
				!admitted && !signedIn && !errors.Is(err, authz.ErrUnauthenticated):
				t.Errorf("%s does not refuse %s properly: %v", m.FullName(), who, err)
			}
		}
		check("a stranger", authz.Caller{}, false, a.GetAnonymous())
		check("a stranger who claims a role", authz.Caller{Account: "x", Roles: roles}, false, a.GetAnonymous())
		open := a.GetAnonymous() || a.GetSignedIn()
		check("a person without roles", authz.Caller{Account: "x"}, true, open)
		for _, r := range roles {
			check(r, authz.Caller{Account: "x", Roles: []string{r}}, true, open || slices.Contains(a.GetRoles(), r))
		}
		for _, s := range services {
			admitted := open || slices.Contains(a.GetServices(), s) || slices.Contains(a.GetServices(), "*")
			check("service "+s, authz.Caller{Service: s}, true, admitted)
			check("service "+s+" that claims every role", authz.Caller{Service: s, Roles: roles}, true, admitted)
		}
		check("a person named like a service", authz.Caller{Account: "audit"}, true, open)
	}
}

func TestAMethodNamesExactlyTheServicesThatItStates(t *testing.T) {
	t.Parallel()
	for _, m := range methods(t) {
		a := accessOf(m)
		for _, s := range services {
			want := slices.Contains(a.GetServices(), s) || slices.Contains(a.GetServices(), "*")
			if got := authz.NamesService(m, authz.Caller{Service: s}); got != want {
				t.Errorf("%s names the service %s: %v, want %v", m.FullName(), s, got, want)
			}
		}
		if authz.NamesService(m, authz.Caller{Account: "audit", Roles: roles}) {
			t.Errorf("%s takes a person for a service", m.FullName())
		}
	}
	if authz.NamesService(nil, authz.Caller{Service: "audit"}) {
		t.Error("an unknown method names a service")
	}
}

func TestMethodWithoutRuleAdmitsNobody(t *testing.T) {
	t.Parallel()
	// Reflection and others that are not ours have no rule.
	if err := authz.Admit(nil, authz.Caller{Account: "admin", Roles: roles}, true); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("an unknown method: %v", err)
	}
	if err := authz.Admit(nil, authz.Caller{}, false); !errors.Is(err, authz.ErrUnauthenticated) {
		t.Errorf("an unknown method, stranger: %v", err)
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]authz.Caller{
		"E1042":           {Account: "E1042", Person: "per_1"},
		"service:policy":  {Service: "policy"},
		"service:gateway": {Service: "gateway", Account: "admin"},
	} {
		if got := c.Actor(); got != want {
			t.Errorf("actor of %+v is %q, want %q", c, got, want)
		}
	}
	if _, ok := authz.From(t.Context()); ok {
		t.Error("a bare context has a caller")
	}
	if c, ok := authz.From(authz.With(t.Context(), authz.Caller{Account: "admin"})); !ok || c.Account != "admin" {
		t.Errorf("got %+v, %v", c, ok)
	}
}
