package orgchart_test

import (
	"slices"
	"strings"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
)

func unit(parent string, path ...string) *identityv1.OrgUnitCreated {
	return &identityv1.OrgUnitCreated{UnitId: id(path), ParentId: parent, Name: path[len(path)-1], Path: path}
}

func id(path []string) string { return "unt_" + strings.Join(path, "/") }

func ensure(limit int, paths ...[]string) orgchart.EnsureUnits {
	return orgchart.EnsureUnits{Paths: paths, ID: id, Limit: limit}
}

func TestUnitsAreCreatedParentsFirstAndOnce(t *testing.T) {
	t.Parallel()
	all := ensure(100, []string{"总部", "研发部", "平台组"}, []string{"总部", "人事部"}, []string{"总部", "研发部"})
	s := testkit.Rule(t, orgchart.Decider).When(all).Then(
		unit("", "总部"), unit("unt_总部", "总部", "研发部"), unit("unt_总部/研发部", "总部", "研发部", "平台组"), unit("unt_总部", "总部", "人事部"))
	s.When(all).ThenNothing()
}

func TestManyUnitsAreCreatedInBoundedSteps(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, orgchart.Decider).
		When(ensure(2, []string{"a", "b", "c"})).Then(unit("", "a"), unit("unt_a", "a", "b")).
		When(ensure(2, []string{"a", "b", "c"})).Then(unit("unt_a/b", "a", "b", "c")).
		When(ensure(2, []string{"a", "b", "c"})).ThenNothing()
}

// Covers: IDN-009
func TestTheTreeHasTenLevels(t *testing.T) {
	t.Parallel()
	ten := strings.Split("a b c d e f g h i j", " ")
	testkit.Rule(t, orgchart.Decider).When(ensure(100, append(slices.Clone(ten), "k"))).ThenRefused(orgchart.ErrTooDeep)
	events, err := orgchart.Decide(orgchart.State{}, ensure(100, ten))
	if err != nil || len(events) != orgchart.MaxLevels {
		t.Errorf("ten levels give %d events, %v", len(events), err)
	}
	testkit.Rule(t, orgchart.Decider).When(ensure(100, []string{"a", " "})).ThenRefused(orgchart.ErrNameless)
}
