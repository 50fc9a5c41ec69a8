package orgchart_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/orgchart"
)

func path(names ...string) []string { return names }

func created(id string, names ...string) proto.Message {
	return &identityv1.OrgUnitCreated{UnitId: id, Path: names, Name: names[len(names)-1]}
}

// tree is 总部 with 研发部, in which is 平台组, and 销售部.
func tree(t *testing.T) *testkit.Scenario[orgchart.State, orgchart.Command] {
	t.Helper()
	return testkit.Rule(t, orgchart.Decider).Given(
		created("u0", "总部"), created("u1", "总部", "研发部"), created("u2", "总部", "研发部", "平台组"), created("u3", "总部", "销售部"))
}

// Covers: IDN-009
func TestAUnitIsRenamedOrMovedWithAllBelowIt(t *testing.T) {
	t.Parallel()
	moved := func(id string, from, to []string) proto.Message {
		return &identityv1.OrgUnitMoved{UnitId: id, Path: from, To: to}
	}
	tree(t).When(orgchart.MoveUnit{Path: path("总部", "研发部"), To: path("总部", "技术部")}).
		Then(moved("u1", path("总部", "研发部"), path("总部", "技术部"))).
		When(orgchart.MoveUnit{Path: path("总部", "技术部", "平台组"), To: path("总部", "平台组")}).
		Then(moved("u2", path("总部", "技术部", "平台组"), path("总部", "平台组"))).
		When(orgchart.MoveUnit{Path: path("总部", "平台组"), To: path("总部", "平台组")}).ThenNothing()
	tree(t).When(orgchart.MoveUnit{Path: path("总部", "法务部"), To: path("总部", "x")}).ThenRefused(orgchart.ErrUnknown).
		When(orgchart.MoveUnit{Path: path("总部", "研发部"), To: path("总部", "销售部")}).ThenRefused(orgchart.ErrTaken).
		When(orgchart.MoveUnit{Path: path("总部", "研发部"), To: path("总部", "研发部", "x")}).ThenRefused(orgchart.ErrInside).
		When(orgchart.MoveUnit{Path: path("总部", "研发部"), To: path("总部", "法务部", "x")}).ThenRefused(orgchart.ErrUnknown).
		When(orgchart.EnsureUnits{Paths: [][]string{path("1", "2", "3", "4", "5", "6", "7", "8", "9")}, Limit: 20, ID: func(p []string) string { return p[len(p)-1] }})
	deep := tree(t)
	for n := range 9 {
		deep.Given(created("d", path("1", "2", "3", "4", "5", "6", "7", "8", "9")[:n+1]...))
	}
	deep.When(orgchart.MoveUnit{Path: path("总部", "研发部"), To: path("1", "2", "3", "4", "5", "6", "7", "8", "9", "研发部")}).ThenRefused(orgchart.ErrTooDeep).
		When(orgchart.MergeUnit{Path: path("总部"), Into: path("1", "2", "3", "4", "5", "6", "7", "8", "9")}).ThenRefused(orgchart.ErrTooDeep)
}

// Covers: IDN-009
func TestAPathThatIsFreeAgainGetsAUnitOfItsOwn(t *testing.T) {
	t.Parallel()
	ensure := orgchart.EnsureUnits{Paths: [][]string{path("总部", "研发部")}, Limit: 9, ID: func([]string) string { return "u1" }}
	tree(t).Given(&identityv1.OrgUnitMoved{UnitId: "u1", Path: path("总部", "研发部"), To: path("总部", "技术部")}).
		When(ensure).Then(&identityv1.OrgUnitCreated{UnitId: "u1.2", ParentId: "u0", Path: path("总部", "研发部"), Name: "研发部"}).
		When(ensure).ThenNothing()
}

// Covers: IDN-009
func TestUnitsAreMergedAbolishedAndHeaded(t *testing.T) {
	t.Parallel()
	tree(t).When(orgchart.MergeUnit{Path: path("总部", "研发部"), Into: path("总部", "销售部")}).
		Then(&identityv1.OrgUnitMerged{UnitId: "u1", Path: path("总部", "研发部"), Into: path("总部", "销售部")}).
		When(orgchart.AbolishUnit{Path: path("总部", "研发部")}).ThenRefused(orgchart.ErrUnknown).
		When(orgchart.AbolishUnit{Path: path("总部", "销售部")}).ThenRefused(orgchart.ErrNotEmpty). // 平台组 is below it now
		When(orgchart.AbolishUnit{Path: path("总部", "销售部", "平台组"), Members: 1}).ThenRefused(orgchart.ErrNotEmpty).
		When(orgchart.AbolishUnit{Path: path("总部", "销售部", "平台组")}).Then(&identityv1.OrgUnitAbolished{UnitId: "u2", Path: path("总部", "销售部", "平台组")}).
		When(orgchart.AbolishUnit{Path: path("总部", "销售部", "平台组")}).ThenRefused(orgchart.ErrUnknown)
	tree(t).When(orgchart.MergeUnit{Path: path("总部", "x"), Into: path("总部")}).ThenRefused(orgchart.ErrUnknown).
		When(orgchart.MergeUnit{Path: path("总部", "研发部"), Into: path("总部", "x")}).ThenRefused(orgchart.ErrUnknown).
		When(orgchart.MergeUnit{Path: path("总部", "研发部"), Into: path("总部", "研发部", "平台组")}).ThenRefused(orgchart.ErrInside).
		When(orgchart.MergeUnit{Path: path("总部", "研发部"), Into: path("总部", "研发部")}).ThenRefused(orgchart.ErrInside)
	named := func(head string) proto.Message {
		return &identityv1.OrgUnitHeadNamed{UnitId: "u1", Path: path("总部", "研发部"), Head: head}
	}
	tree(t).When(orgchart.NameHead{Path: path("总部", "研发部"), Head: "E7"}).Then(named("E7")).
		When(orgchart.NameHead{Path: path("总部", "研发部"), Head: "E7"}).ThenNothing().
		When(orgchart.NameHead{Path: path("总部", "研发部")}).Then(named("")).
		When(orgchart.NameHead{Path: path("总部", "x"), Head: "E7"}).ThenRefused(orgchart.ErrUnknown)
}
