package snapshot_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
)

func row(nr int, number, name, position string) snapshot.Row {
	return snapshot.Row{Row: nr, Number: number, Details: &identityv1.PersonDetails{Name: name, Kind: "employee"}, Post: &identityv1.Post{Position: position}}
}

func known(id, name, position string) snapshot.Known {
	return snapshot.Known{
		ID: id, Source: "hr", Employed: true,
		Details: &identityv1.PersonDetails{PersonId: id, Name: name, Kind: "employee"}, Post: &identityv1.Post{Position: position},
	}
}

func compare(rows []snapshot.Row, people map[string]snapshot.Known) snapshot.Comparison {
	return snapshot.Comparison{
		Source: "hr", Rows: rows, Known: people, Present: map[string]bool{}, NewID: func() string { return "per_new" },
	}
}

// Covers: IDN-012
func TestCompareFindsJoinersMoversAndLeavers(t *testing.T) {
	t.Parallel()
	back := known("per_5", "E", "dev")
	back.Employed, back.Post = false, nil
	d := compare(
		[]snapshot.Row{row(2, "E1", "A", "dev"), row(3, "E2", "B", "ops"), row(4, "E3", "C2", "dev"), row(5, "E5", "E", "dev"), row(6, "E6", "F", "dev")},
		map[string]snapshot.Known{"E1": known("per_1", "A", "dev"), "E2": known("per_2", "B", "dev"), "E3": known("per_3", "C", "dev"), "E4": known("per_4", "D", "dev"), "E5": back},
	).Compare()
	if d.Joiners != 2 || d.Movers != 2 || d.Leavers != 1 || d.Unchanged != 1 || d.Active != 4 {
		t.Fatalf("difference is %+v", d)
	}
	var got []string
	for _, c := range d.Changes {
		got = append(got, c.GetEmployeeNumber()+" "+c.GetPersonId()+" "+c.GetKind().String()+" "+c.GetReason())
		if c.GetDetails() != nil && c.GetDetails().GetPersonId() != c.GetPersonId() {
			t.Errorf("details of %s name %s: they would be sealed with another's key", c.GetEmployeeNumber(), c.GetDetails().GetPersonId())
		}
	}
	want := []string{
		"E2 per_2 HR_CHANGE_KIND_MOVER snapshot", "E3 per_3 HR_CHANGE_KIND_MOVER snapshot",
		"E5 per_5 HR_CHANGE_KIND_JOINER snapshot", "E6 per_new HR_CHANGE_KIND_JOINER snapshot",
		"E4 per_4 HR_CHANGE_KIND_LEAVER absent_from_snapshot",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameFileTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	d := compare([]snapshot.Row{row(2, "E1", "A", "dev")}, map[string]snapshot.Known{"E1": known("per_1", "A", "dev")}).Compare()
	if len(d.Changes) != 0 || d.Unchanged != 1 {
		t.Errorf("difference is %+v", d)
	}
}

func TestAQuarantinedPersonIsNoLeaver(t *testing.T) {
	t.Parallel()
	c := compare(nil, map[string]snapshot.Known{"E1": known("per_1", "A", "dev"), "E2": known("per_2", "B", "dev")})
	c.Present["E1"] = true
	if d := c.Compare(); d.Leavers != 1 || d.Changes[0].GetEmployeeNumber() != "E2" {
		t.Errorf("difference is %+v", d)
	}
	c.Unattributed = true
	if d := c.Compare(); d.Leavers != 0 || d.Withheld != 1 || len(d.Changes) != 0 {
		t.Errorf("with a row that names nobody the difference is %+v", d)
	}
}

func TestAPersonOfAnotherSourceIsNeitherMoverNorLeaver(t *testing.T) {
	t.Parallel()
	foreign := known("per_1", "A", "dev")
	foreign.Source = "other"
	d := compare([]snapshot.Row{row(2, "E1", "A", "ops")}, map[string]snapshot.Known{"E1": foreign, "E2": {ID: "per_2", Source: "other", Employed: true}}).Compare()
	if len(d.Changes) != 0 || len(d.Foreign) != 1 || d.Active != 0 {
		t.Errorf("difference is %+v", d)
	}
}

func TestTheGuardHoldsAboveItsPercentage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		leavers, active int
		guard           float64
		want            bool
	}{
		{0, 0, 0, false}, {1, 10, 10, false}, {2, 10, 10, true}, {1, 1, 100, false}, {1, 1000, 0, true}, {300, 1000, 29.9, true},
	} {
		if got := (snapshot.Difference{Leavers: tc.leavers, Active: tc.active}).Exceeds(tc.guard); got != tc.want {
			t.Errorf("%d of %d at %g%%: held %v", tc.leavers, tc.active, tc.guard, got)
		}
	}
}

func TestLoopsAreFoundOnceEach(t *testing.T) {
	t.Parallel()
	got := snapshot.Loops(map[string]string{"A": "B", "B": "C", "C": "B", "D": "D", "E": "", "F": "A", "G": "nobody"})
	if diff := cmp.Diff([][]string{{"B", "C"}, {"D"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnitCyclesAreFound(t *testing.T) {
	t.Parallel()
	paths := [][]string{
		{"总部", "研发"}, {"研发", "总部", "平台"}, {"a", "b", "a"}, {"x", "x"}, {"p", "q", "r"}, {"p", "r"}, {"p", "s", "t"}, {"p", "t", "s"},
		// One name below different units is two units.
		{"东区", "销售", "服务"}, {"西区", "服务", "销售"},
	}
	cycles := snapshot.UnitCycles(paths)
	concerned := map[string][]string{}
	for _, path := range paths {
		for _, c := range cycles {
			if c.Concerns(path) {
				concerned[strings.Join(path, "/")] = c.Names
			}
		}
	}
	want := map[string][]string{
		"总部/研发": {"总部", "研发"}, "研发/总部/平台": {"总部", "研发"}, "a/b/a": {"a", "b"}, "x/x": {"x"}, "p/s/t": {"s", "t"}, "p/t/s": {"s", "t"},
	}
	if diff := cmp.Diff(want, concerned); diff != "" {
		t.Error(diff)
	}
}

func change(number string) *identityv1.HrChangeTaken {
	return &identityv1.HrChangeTaken{PersonId: "per_" + number, EmployeeNumber: number}
}

func TestASnapshotIsAcceptedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	accepted := &identityv1.HrSnapshotAccepted{SnapshotId: "snp_1", Joiners: 1, Leavers: 1}
	applied := &identityv1.HrSnapshotApplied{SnapshotId: "snp_1", Changes: 2}
	testkit.Rule(t, snapshot.Decider).
		When(snapshot.TakeIn{Changes: []*identityv1.HrChangeTaken{change("E1")}}).Then(change("E1")).
		When(snapshot.Accept{Summary: accepted}).ThenRefused(snapshot.ErrOutOfOrder).
		When(snapshot.Finish{Applied: applied}).ThenRefused(snapshot.ErrOutOfOrder).
		When(snapshot.Hold{Held: &identityv1.HrSnapshotHeld{}}).ThenRefused(snapshot.ErrOutOfOrder).
		When(snapshot.TakeIn{Changes: []*identityv1.HrChangeTaken{change("E2")}}).Then(change("E2")).
		When(snapshot.Accept{Summary: accepted}).Then(accepted).
		When(snapshot.Accept{Summary: accepted}).ThenRefused(snapshot.ErrOutOfOrder).
		When(snapshot.TakeIn{Changes: []*identityv1.HrChangeTaken{change("E3")}}).ThenRefused(snapshot.ErrOutOfOrder).
		When(snapshot.Finish{Applied: applied}).Then(applied).
		When(snapshot.Finish{Applied: applied}).ThenNothing()
	held := &identityv1.HrSnapshotHeld{SnapshotId: "snp_2"}
	testkit.Rule(t, snapshot.Decider).
		When(snapshot.Hold{Held: held}).Then(held).
		When(snapshot.Hold{Held: held}).ThenNothing().
		When(snapshot.TakeIn{Changes: []*identityv1.HrChangeTaken{change("E1")}}).ThenRefused(snapshot.ErrOutOfOrder).
		When(snapshot.Accept{Summary: &identityv1.HrSnapshotAccepted{}}).ThenRefused(snapshot.ErrOutOfOrder)
	nothing := &identityv1.HrSnapshotAccepted{SnapshotId: "snp_3"}
	testkit.Rule(t, snapshot.Decider).
		When(snapshot.Accept{Summary: nothing}).Then(nothing).
		When(snapshot.Hold{Held: held}).ThenRefused(snapshot.ErrOutOfOrder)
}

func TestQuarantinedRowsStandInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	rows := []*identityv1.QuarantinedRow{{Row: 3}, {Row: 2}}
	snapshot.SortQuarantined(rows)
	if diff := cmp.Diff([]*identityv1.QuarantinedRow{{Row: 2}, {Row: 3}}, rows, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}
