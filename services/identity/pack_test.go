package identity_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/pack"
)

const catalogue = `applications: [{id: orders, target: orders-db, roles: [{id: reader}]}]
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}]
`

// pack publishes and activates a pack, as policy would.
func (i *installation) pack(version int64, body string) {
	i.t.Helper()
	body = fmt.Sprintf("version: %d\neffective: 2026-01-01T00:00:00+08:00\n", version) + body
	if p, problems := pack.Parse([]byte(body)); p == nil {
		i.t.Fatalf("the pack is not valid: %v", problems)
	}
	digest, stream := pack.Digest([]byte(body)), fmt.Sprintf("pack-%d", version)
	i.says("policy", stream, &policyv1.PackPublished{
		Version: version, Digest: digest, Body: []byte(body), EffectiveAt: timestamppb.New(noon.Add(-time.Hour)), Subscribers: []string{"identity"},
	})
	i.says("policy", stream, &policyv1.PackActivated{Version: version, Digest: digest})
}

func TestAPackIsAdoptedAndDecidesOnceActive(t *testing.T) {
	i := install(t)
	i.pack(1, "clearance: {departure: [default, admin_confirmation]}\n")
	if got := i.events("pack-adopted"); len(got) != 1 || got[0] != "PackAdopted" {
		t.Errorf("adopted: %v", got)
	}
	i.must(plain(), header+wang+lilei)
	i.must(plain(), header+wang)
	c := i.clearance("E1042")
	if len(c.GetItems()) != 3 || c.GetItems()[2].GetItem() != "admin_confirmation" {
		t.Errorf("clearance is %v", c)
	}
}

func TestPolicyAsksWhatIdentityThinksOfAPack(t *testing.T) {
	i := install(t)
	client := policyv1.NewPackSubscriberServiceClient(i.host.Conn("identity"))
	if _, err := client.ValidatePack(i.admin, &policyv1.ValidatePackRequest{}); reason(err) != "NOT_ADMITTED" {
		t.Errorf("a person asks: %v", err)
	}
	i.must(plain(), header+wang)
	ask := func(body string) *policyv1.ValidatePackResponse {
		t.Helper()
		r, err := client.ValidatePack(i.asService("policy"), &policyv1.ValidatePackRequest{Body: []byte("version: 1\neffective: 2026-01-01T00:00:00+08:00\n" + body)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := ask("units: [{path: [总部], head: E1}, {path: [总部, 研发部], head: E404}]\nfunctions: {security: [E405]}\n")
	if len(r.GetProblems()) != 0 || len(r.GetWarnings()) != 2 {
		t.Errorf("warnings are %v, problems %v", r.GetWarnings(), r.GetProblems())
	}
	if r = ask("clearence: {}\n"); len(r.GetProblems()) == 0 || r.GetProblems()[0].GetLine() != 3 {
		t.Errorf("problems of a misspelt key are %v", r.GetProblems())
	}
	if r = ask("password_profile: rot13\n"); len(r.GetProblems()) == 0 {
		t.Error("an unknown password profile is accepted")
	}
}
