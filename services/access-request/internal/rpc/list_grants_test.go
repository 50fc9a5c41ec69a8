package rpc

import (
	"errors"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/authz"
)

// The services that the proto names are shown everybody's grants, and no other.
//
// Covers: ACR-033
func TestExactlyTheServicesOfTheProtoSeeWhatEverybodyHolds(t *testing.T) {
	t.Parallel()
	access, ok := proto.GetExtension(listGrants.Options(), envelopev1.E_Access).(*envelopev1.Access)
	if !ok || len(access.GetServices()) == 0 {
		t.Fatal("the proto names no service")
	}
	for _, s := range []string{"identity", "access-request", "approval", "provisioning", "policy", "audit", "gateway"} {
		var want error
		if !slices.Contains(access.GetServices(), s) {
			want = authz.ErrForbidden
		}
		ctx := authz.With(t.Context(), authz.Caller{Service: s})
		if number, err := ofWhom(ctx, &accessv1.ListGrantsRequest{EmployeeNumber: "E1"}); !errors.Is(err, want) || want == nil && number != "E1" {
			t.Errorf("%s is shown those of %q, %v, want %v", s, number, err, want)
		}
	}
}
