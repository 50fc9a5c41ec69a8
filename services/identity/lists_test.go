package identity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// operators lists who has power, page by page.
func (i *installation) operators(limit int32) []*identityv1.OperatorAccount {
	i.t.Helper()
	var all []*identityv1.OperatorAccount
	for after := ""; ; {
		r, err := i.people().ListOperators(i.admin, &identityv1.ListOperatorsRequest{Limit: limit, After: after})
		if err != nil {
			i.t.Fatal(err)
		}
		if limit > 0 && len(r.GetItems()) > int(limit) {
			i.t.Fatalf("a page of %d, want at most %d", len(r.GetItems()), limit)
		}
		all = append(all, r.GetItems()...)
		if after = r.GetNext(); after == "" {
			return all
		}
	}
}

func summary(operators []*identityv1.OperatorAccount) []string {
	var lines []string
	for _, o := range operators {
		lines = append(lines, fmt.Sprintf("%s %s %s %s [%s]", o.GetAccount(), o.GetKind(), o.GetState(), o.GetCredential(), strings.Join(o.GetRoles(), " ")))
	}
	return lines
}

func TestOperatorsAreListedWithTheirRolesSinceWhen(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	i.operator("li", "auditor")
	i.operator("Zhao", "operator", "reception")
	i.clock.Set(noon.Add(time.Hour))
	if _, err := i.people().SetOperatorRoles(i.admin, &identityv1.SetOperatorRolesRequest{Account: "E1042", Roles: []string{"agent"}}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"E1042 directory active none [agent]", "Zhao operator active initial [operator reception]",
		"admin operator active own [access-admin admin hr]", "li operator active initial [auditor]",
	}
	for _, limit := range []int32{0, 1, 2, 3, 4} {
		if got := summary(i.operators(limit)); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %q, want %q", limit, got, want)
		}
	}
	first := i.operators(0)[0]
	if since := first.GetSince().AsTime(); !since.Equal(noon) {
		t.Errorf("E1042 is active since %v, want %v", since, noon)
	}
	if since := first.GetRolesSince().AsTime(); !since.Equal(noon.Add(time.Hour)) {
		t.Errorf("E1042 has the roles since %v, want an hour later", since)
	}
	if _, err := i.people().ListOperators(i.admin, &identityv1.ListOperatorsRequest{After: "a\x00"}); reason(err) != "CURSOR_INVALID" {
		t.Errorf("a cursor from nowhere: %v", err)
	}
}

// Who leaves keeps no power: not while the account is suspended and somebody
// comes back, wherever the pages of the read model end.
func TestWhoComesBackIsNoOperator(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	if _, err := i.people().SetOperatorRoles(i.admin, &identityv1.SetOperatorRolesRequest{Account: "E1042", Roles: []string{"auditor"}}); err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang)
	if got := summary(i.operators(0)); !slices.Contains(got, "E1042 directory suspended none [auditor]") {
		t.Errorf("while suspended: %q", got)
	}
	i.must(plain(), header+wang+lilei)
	if got := summary(i.operators(0)); len(got) != 1 {
		t.Errorf("after the return: %q, want only admin", got)
	}
}

func TestClientsAreListed(t *testing.T) {
	i := install(t)
	for _, c := range []*identityv1.AddClientRequest{
		{Name: "siem", Feed: "lifecycle"}, {Name: "erp", Feed: "hr", Source: "peoplesoft"}, {Name: "mes", Feed: "hr", Source: "mes"},
	} {
		if _, err := i.people().AddClient(i.admin, c); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for after, pages := "", 0; ; pages++ {
		r, err := i.people().ListClients(i.admin, &identityv1.ListClientsRequest{Limit: 2, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.GetItems() {
			if !c.GetSince().AsTime().Equal(noon) {
				t.Errorf("%s since %v, want %v", c.GetName(), c.GetSince().AsTime(), noon)
			}
			got = append(got, c.GetName()+" "+c.GetFeed()+" "+c.GetSource())
		}
		if after = r.GetNext(); after == "" {
			if pages != 1 {
				t.Errorf("%d pages, want 2", pages+1)
			}
			break
		}
	}
	if want := []string{"erp hr peoplesoft", "mes hr mes", "siem lifecycle "}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
