package identity_test

import (
	"context"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// Each RPC admits whom its proto says and refuses the others, through the real
// interceptors.
func TestEachRPCAdmitsItsCallersOnly(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang)
	initial := i.operator("auditor1", "auditor")
	r, err := i.enter("auditor1", initial, "Battery-Staple-9")
	if err != nil {
		t.Fatal(err)
	}
	auditor := bearer(t.Context(), r.GetAccessToken())
	p := i.people()
	for name, call := range map[string]func(context.Context) error{
		"RecordClearance": func(ctx context.Context) error {
			_, err := p.RecordClearance(ctx, &identityv1.RecordClearanceRequest{EmployeeNumber: "E1"})
			return err
		},
		"WaiveClearance": func(ctx context.Context) error {
			_, err := p.WaiveClearance(ctx, &identityv1.WaiveClearanceRequest{EmployeeNumber: "E1"})
			return err
		},
		"IssueCredential": func(ctx context.Context) error {
			_, err := p.IssueCredential(ctx, &identityv1.IssueCredentialRequest{Account: "E1"})
			return err
		},
		"AddOperator": func(ctx context.Context) error {
			_, err := p.AddOperator(ctx, &identityv1.AddOperatorRequest{User: "x"})
			return err
		},
		"SetOperatorRoles": func(ctx context.Context) error {
			_, err := p.SetOperatorRoles(ctx, &identityv1.SetOperatorRolesRequest{Account: "E1"})
			return err
		},
		"AddClient": func(ctx context.Context) error {
			_, err := p.AddClient(ctx, &identityv1.AddClientRequest{Name: "x"})
			return err
		},
		"ListOperators": func(ctx context.Context) error {
			_, err := p.ListOperators(ctx, &identityv1.ListOperatorsRequest{})
			return err
		},
		"ListClients": func(ctx context.Context) error {
			_, err := p.ListClients(ctx, &identityv1.ListClientsRequest{})
			return err
		},
		"ImportSnapshot": func(ctx context.Context) error {
			_, err := i.importsAs(ctx, plain(), header)
			return err
		},
	} {
		if err := call(auditor); reason(err) != "NOT_ADMITTED" {
			t.Errorf("%s admits an auditor: %v", name, err)
		}
		if err := call(t.Context()); reason(err) != "SIGN_IN_REQUIRED" {
			t.Errorf("%s admits a stranger: %v", name, err)
		}
		if err := call(i.asService("provisioning-of-others")); err == nil {
			t.Errorf("%s admits an unknown service", name)
		}
	}
	if _, err := p.GetPerson(i.asService("access-request"), &identityv1.GetPersonRequest{EmployeeNumber: "E1"}); err != nil {
		t.Errorf("access-request asks for a person: %v", err)
	}
	if _, err := p.GetPerson(i.asService("policy"), &identityv1.GetPersonRequest{EmployeeNumber: "E1"}); reason(err) != "NOT_ADMITTED" {
		t.Errorf("policy asks for a person: %v", err)
	}
}
