package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	give := named{Change: target.Change{Give: true}, account: "ost_E1", right: "ost_orders_reader"}
	take := named{account: "ost_E1", right: "ost_orders_reader"}
	member := map[[2]string]bool{{"ost_E1", "ost_orders_reader"}: true}
	for name, c := range map[string]struct {
		found  found
		change named
		want   []string
	}{
		"a new account": {found{}, give,
			[]string{`CREATE ROLE "ost_E1" LOGIN`, `GRANT "ost_orders_reader" TO "ost_E1"`}},
		"an account that was shut": {found{roles: map[string]role{"ost_E1": {}}}, give,
			[]string{`ALTER ROLE "ost_E1" LOGIN`, `GRANT "ost_orders_reader" TO "ost_E1"`}},
		"given before": {found{roles: map[string]role{"ost_E1": {login: true}}, members: member}, give, nil},
		"the last right is taken, the account shut first": {found{roles: map[string]role{"ost_E1": {login: true}}, members: member}, take,
			[]string{`ALTER ROLE "ost_E1" NOLOGIN`, `REVOKE "ost_orders_reader" FROM "ost_E1"`}},
		"others remain": {found{roles: map[string]role{"ost_E1": {login: true}}, members: member},
			named{Change: target.Change{KeepLogin: true}, account: "ost_E1", right: "ost_orders_reader"},
			[]string{`REVOKE "ost_orders_reader" FROM "ost_E1"`}},
		"another grant gives the same right": {found{roles: map[string]role{"ost_E1": {login: true}}, members: member},
			named{Change: target.Change{KeepLogin: true, KeepMember: true}, account: "ost_E1", right: "ost_orders_reader"}, nil},
		"taken before":           {found{roles: map[string]role{"ost_E1": {}}}, take, nil},
		"nothing was ever there": {found{}, take, nil},
		"whatever somebody made of the account, it is taken": {
			found{roles: map[string]role{"ost_E1": {login: true, mighty: true, group: true}}, members: member}, take,
			[]string{`ALTER ROLE "ost_E1" NOLOGIN`, `REVOKE "ost_orders_reader" FROM "ost_E1"`}},
		"names are always quoted": {found{}, named{Change: target.Change{Give: true}, account: `ost_"; DROP`, right: "ost_r"},
			[]string{`CREATE ROLE "ost_""; DROP" LOGIN`, `GRANT "ost_r" TO "ost_""; DROP"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := plan(c.found, c.change)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found  found
		change named
	}{
		"an account that is mighty":             {found{roles: map[string]role{"a": {mighty: true}}}, named{Change: target.Change{Give: true}, account: "a", right: "r"}},
		"a right that is mighty":                {found{roles: map[string]role{"r": {mighty: true}}}, named{Change: target.Change{Give: true}, account: "a", right: "r"}},
		"a right that can sign in":              {found{roles: map[string]role{"r": {login: true}}}, named{Change: target.Change{Give: true}, account: "a", right: "r"}},
		"an account that others are members of": {found{roles: map[string]role{"a": {group: true}}}, named{Change: target.Change{Give: true}, account: "a", right: "r"}},
		"one name for both":                     {found{}, named{Change: target.Change{Give: true}, account: "a", right: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := plan(c.found, c.change); !errors.Is(err, target.ErrRefused) || got != nil {
				t.Errorf("got %q, %v; want a refusal", got, err)
			}
		})
	}
}

func TestNamesAreNeverCut(t *testing.T) {
	t.Parallel()
	if _, err := AccountName("ost_", strings.Repeat("a", 59)); err != nil {
		t.Errorf("63 bytes are refused: %v", err)
	}
	if _, err := AccountName("ost_", strings.Repeat("a", 60)); !errors.Is(err, ErrNameTooLong) {
		t.Errorf("64 bytes: %v", err)
	}
	if _, err := RightName("ost_", strings.Repeat("库", 19), "读"); !errors.Is(err, ErrNameTooLong) {
		t.Errorf("bytes count, not characters: %v", err)
	}
	if n, _ := AccountName("ost_", "e1042"); n != "ost_e1042" {
		t.Errorf("case was changed: %s", n)
	}
}
