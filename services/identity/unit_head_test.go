package identity_test

import (
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

const postMap = "source: peoplesoft\ncolumns: {employee_number: number, name: name, unit: [u1, u2, u3], supervisor: {column: boss, match: number}}\nguard: 100%\n"

// The head of a unit is the one member who reports to somebody outside it; whom
// nobody can tell is not guessed.
func TestTheHeadOfAUnitIsFoundBySupervisors(t *testing.T) {
	i := install(t)
	const header = "number,name,u1,u2,u3,boss\n"
	i.must(&identityv1.ImportSnapshotHeader{Map: []byte(postMap)}, header+
		"E1,甲,总部,,,\nE2,乙,总部,研发部,,E1\nE3,丙,总部,研发部,,E2\nE4,丁,总部,研发部,平台组,E2\nE5,戊,总部,研发部,平台组,E4\n"+
		"E6,己,总部,销售部,,E1\nE7,庚,总部,销售部,,E1\nE8,辛,总部,研发部,,E4\n")
	find := func(unit ...string) string {
		t.Helper()
		r, err := i.people().FindUnitHead(i.admin, &identityv1.FindUnitHeadRequest{Unit: unit})
		if err != nil {
			return reason(err)
		}
		return r.GetEmployeeNumber()
	}
	for _, c := range []struct {
		unit []string
		want string
	}{
		{[]string{"总部"}, "E1"},
		{[]string{"总部", "研发部"}, "E2"}, // E8 reports to a unit below, which is no other
		{[]string{"总部", "研发部", "平台组"}, "E4"},
		{[]string{"总部", "销售部"}, "UNIT_HEAD_UNKNOWN"}, // two
		{[]string{"总部", "财务部"}, "UNIT_HEAD_UNKNOWN"}, // nobody
		{nil, "UNIT_HEAD_UNKNOWN"},
	} {
		if got := find(c.unit...); got != c.want {
			t.Errorf("head of %v: %s, want %s", c.unit, got, c.want)
		}
	}
	i.must(&identityv1.ImportSnapshotHeader{Map: []byte(postMap)}, header+
		"E1,甲,总部,,,\nE3,丙,总部,研发部,,E1\nE4,丁,总部,研发部,平台组,E2\nE5,戊,总部,研发部,平台组,E4\n")
	if got := find("总部", "研发部"); got != "E3" {
		t.Errorf("after the head has left: %s", got)
	}
}
