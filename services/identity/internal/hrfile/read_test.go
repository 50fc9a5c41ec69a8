package hrfile_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"google.golang.org/protobuf/testing/protocmp"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/calendar"

	"github.com/ostiary/ostiary/services/identity/internal/domain/snapshot"
	"github.com/ostiary/ostiary/services/identity/internal/hrfile"
)

const byNumber = `source: hr
columns:
  employee_number: nr
  name: name
  kind: kind
  position: post
  unit: [u1, u2, u3]
  supervisor: {column: boss, match: number}
  attributes.project: project
`

const top = "nr,name,kind,post,u1,u2,u3,boss,project\n"

func mapOf(t testing.TB, text string) hrfile.Map {
	t.Helper()
	m, err := hrfile.ParseMap([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t *testing.T, m hrfile.Map, file string, s hrfile.Surroundings) hrfile.File {
	t.Helper()
	f, err := hrfile.Read([]byte(file), m)
	if err != nil {
		t.Fatal(err)
	}
	return f.Check(m, s)
}

func reasons(f hrfile.File) []string {
	list := []string{}
	snapshot.SortQuarantined(f.Quarantined)
	for _, q := range f.Quarantined {
		list = append(list, fmt.Sprintf("%d %s %s", q.GetRow(), q.GetEmployeeNumber(), q.GetReason()))
	}
	return list
}

// Covers: IDN-003
func TestARowIsReadByTheMap(t *testing.T) {
	t.Parallel()
	f := read(t, mapOf(t, byNumber), "\xef\xbb\xbf"+top+"E1, 王芳 ,employee,dev,总部,,平台组,E7,P2\nE7,李雷,,lead,总部,,,,\n", hrfile.Surroundings{})
	want := []snapshot.Row{
		{
			Row: 2, Number: "E1", Details: &identityv1.PersonDetails{Name: "王芳", Kind: "employee"},
			Post: &identityv1.Post{Unit: []string{"总部", "平台组"}, Position: "dev", Supervisor: "E7", Attributes: map[string]string{"project": "P2"}},
		},
		{Row: 3, Number: "E7", Details: &identityv1.PersonDetails{Name: "李雷", Kind: "employee"}, Post: &identityv1.Post{Unit: []string{"总部"}, Position: "lead"}},
	}
	if diff := cmp.Diff(want, f.Rows, protocmp.Transform()); diff != "" || len(f.Quarantined)+len(f.Warnings) > 0 {
		t.Errorf("%s %v %v", diff, f.Quarantined, f.Warnings)
	}
}

// Covers: IDN-001, IDN-006
func TestRowsThatAreQuarantined(t *testing.T) {
	t.Parallel()
	deep := strings.Replace(byNumber, "[u1, u2, u3]", "[u1, u2, u3, u1, u2, u3, u1, u2, u3, u1, u2]", 1)
	for name, tc := range map[string]struct {
		mapping, rows string
		want          []string
	}{
		"no name":                     {byNumber, "E1,,,dev,,,,,\n", []string{"2 E1 HR_ROW_INCOMPLETE"}},
		"no number":                   {byNumber, ",x,,dev,,,,,\n", []string{"2  HR_ROW_INCOMPLETE"}},
		"too few fields":              {byNumber, "E1,x\n", []string{"2 E1 HR_ROW_INCOMPLETE"}},
		"too many fields":             {byNumber, "E1,x,,,,,,,,,\n", []string{"2 E1 HR_ROW_INCOMPLETE"}},
		"a number that is no account": {byNumber, "E 1,x,,dev,,,,,\n", []string{"2  HR_EMPLOYEE_NUMBER_INVALID"}},
		"an unknown kind":             {byNumber, "E1,x,boss,dev,,,,,\n", []string{"2 E1 HR_KIND_UNKNOWN"}},
		"twice":                       {byNumber, "E1,x,,dev,,,,,\nE2,y,,dev,,,,,\nE1,x,,dev,,,,,\n", []string{"2 E1 HR_DUPLICATE_EMPLOYEE", "4 E1 HR_DUPLICATE_EMPLOYEE"}},
		"twice, once unreadable":      {byNumber, "E1,x,,dev,,,,,\nE1,\xd6\xd0,,dev,,,,,\n", []string{"2 E1 HR_DUPLICATE_EMPLOYEE", "3 E1 HR_ROW_ENCODING"}},
		"GBK in a UTF-8 file":         {byNumber, "E1,\xd6\xd0\xce\xc4,,dev,,,,,\n", []string{"2 E1 HR_ROW_ENCODING"}},
		"a NUL":                       {byNumber, "E1,x\x00y,,dev,,,,,\n", []string{"2 E1 HR_ROW_ENCODING"}},
		"the own supervisor":          {byNumber, "E1,x,,dev,,,,E1,\n", []string{"2 E1 HR_SUPERVISOR_LOOP"}},
		"a loop of three":             {byNumber, "E1,x,,,,,,E2,\nE2,x,,,,,,E3,\nE3,x,,,,,,E1,\nE4,x,,,,,,E1,\n", []string{"2 E1 HR_SUPERVISOR_LOOP", "3 E2 HR_SUPERVISOR_LOOP", "4 E3 HR_SUPERVISOR_LOOP"}},
		"a loop through others":       {byNumber, "E1,x,,,,,,K1,\n", []string{"2 E1 HR_SUPERVISOR_LOOP"}},
		"a unit above itself":         {byNumber, "E1,x,,,a,b,a,,\n", []string{"2 E1 HR_UNIT_CYCLE"}},
		"units above each other":      {byNumber, "E1,x,,,a,b,,,\nE2,x,,,b,a,,,\nE3,x,,,a,,,,\nE4,x,,,a,b,c,,\n", []string{"2 E1 HR_UNIT_CYCLE", "3 E2 HR_UNIT_CYCLE", "5 E4 HR_UNIT_CYCLE"}},
		"eleven levels":               {deep, "E1,x,,,a,b,c,,\n", []string{"2 E1 HR_UNIT_TOO_DEEP"}},
		"an operator's name":          {byNumber, "root,x,,dev,,,,,\n", []string{"2 root HR_EMPLOYEE_NUMBER_TAKEN"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := read(t, mapOf(t, tc.mapping), top+tc.rows, hrfile.Surroundings{
				Operators: map[string]bool{"root": true}, People: map[string]hrfile.Colleague{"K1": {Supervisor: "E1"}},
			})
			if diff := cmp.Diff(tc.want, reasons(f)); diff != "" {
				t.Error(diff)
			}
			for _, q := range f.Quarantined {
				if len(q.GetMessage()) < 20 {
					t.Errorf("%s does not say what to do", q.GetReason())
				}
			}
		})
	}
}

func TestALoopIsNamed(t *testing.T) {
	t.Parallel()
	f := read(t, mapOf(t, byNumber), top+"E1,x,,,,,,E2,\nE2,x,,,,,,E1,\n", hrfile.Surroundings{})
	if m := f.Quarantined[0].GetMessage(); !strings.Contains(m, "E1 → E2 → E1") {
		t.Errorf("message is %q", m)
	}
}

func TestGBKIsDecoded(t *testing.T) {
	t.Parallel()
	text, err := simplifiedchinese.GBK.NewEncoder().String("工号,姓名\nE1,朱镕\nE2,ab\"c\n")
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Replace(text, `ab"c`, "乗", 1) // bytes that are UTF-8 and no GBK pair
	m := mapOf(t, "source: hr\nencoding: gbk\ncolumns: {employee_number: 工号, name: 姓名}\n")
	f := read(t, m, text, hrfile.Surroundings{})
	if len(f.Rows) != 1 || f.Rows[0].Details.GetName() != "朱镕" {
		t.Errorf("rows are %v", f.Rows)
	}
	if diff := cmp.Diff([]string{"3 E2 HR_ROW_ENCODING"}, reasons(f)); diff != "" {
		t.Error(diff)
	}
	m.Encoding = "utf-8"
	if _, err := hrfile.Read([]byte(text), m); !errors.Is(err, hrfile.ErrColumn) {
		t.Errorf("a GBK header read as UTF-8: %v", err)
	}
}

func TestSupervisorsByName(t *testing.T) {
	t.Parallel()
	m := mapOf(t, strings.Replace(byNumber, "match: number", "match: name", 1))
	f := read(t, m, top+"E1,王芳,,,,,,李雷,\nE2,李雷,,,,,,,\nE3,x,,,,,,张三,\nE4,张三,,,,,,,\nE5,张三,,,,,,,\nE6,x,,,,,,nobody,\n", hrfile.Surroundings{})
	var got []string
	for _, r := range f.Rows {
		got = append(got, r.Number+" "+r.Post.GetSupervisor())
	}
	if diff := cmp.Diff([]string{"E1 E2", "E2 ", "E3 ", "E4 ", "E5 ", "E6 "}, got); diff != "" {
		t.Error(diff)
	}
	var warnings []string
	for _, w := range f.Warnings {
		warnings = append(warnings, fmt.Sprintf("%s %s %d", w.GetReason(), w.GetSubject(), w.GetPeople()))
	}
	if diff := cmp.Diff([]string{"HR_SUPERVISOR_AMBIGUOUS 张三 1", "HR_SUPERVISOR_UNKNOWN nobody 1"}, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestASupervisorMayBeKnownFromElsewhere(t *testing.T) {
	t.Parallel()
	f := read(t, mapOf(t, byNumber), top+"E1,x,,,,,,K1,\nE2,x,,,,,,K2,\n", hrfile.Surroundings{People: map[string]hrfile.Colleague{"K1": {}}})
	if f.Rows[0].Post.GetSupervisor() != "K1" || f.Rows[1].Post.GetSupervisor() != "" || len(f.Warnings) != 1 {
		t.Errorf("rows %v warnings %v", f.Rows, f.Warnings)
	}
}

// Covers: IDN-004
func TestPositionsThatNoMatrixNamesAreCounted(t *testing.T) {
	t.Parallel()
	f := read(t, mapOf(t, byNumber), top+"E1,x,,dev,,,,,\nE2,x,,ops,,,,,\nE3,x,,ops,,,,,\nE4,x,,,,,,,\n", hrfile.Surroundings{Positions: map[string]bool{"dev": true}})
	if len(f.Warnings) != 1 || f.Warnings[0].GetReason() != hrfile.PositionUnknown || f.Warnings[0].GetSubject() != "ops" || f.Warnings[0].GetPeople() != 2 || len(f.Rows) != 4 {
		t.Errorf("warnings are %v", f.Warnings)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	m := mapOf(t, byNumber)
	for name, tc := range map[string]struct {
		file string
		want error
	}{
		"empty":            {"", hrfile.ErrUnreadable},
		"an open quote":    {top + "E1,\"x\n", hrfile.ErrUnreadable},
		"a missing column": {"nr,name\n", hrfile.ErrColumn},
		"a column twice":   {strings.TrimSpace(top) + ",name\n", hrfile.ErrUnreadable},
		"a long field":     {top + strings.Repeat("x", hrfile.MaxFieldBytes+1) + "\n", hrfile.ErrTooLarge},
		"too many rows":    {top + strings.Repeat("\n", hrfile.MaxRows+1), hrfile.ErrTooLarge},
		"too many bytes":   {strings.Repeat("x", hrfile.MaxBytes+1), hrfile.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := hrfile.Read([]byte(tc.file), m); !errors.Is(err, tc.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// Whatever a file holds, it is read without panic, and each of its rows is
// taken or quarantined, never lost.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", top, top + "E1,王芳,,dev,总部,,,E2,\n", "\xef\xbb\xbf" + top + "E1,\xd6\xd0,,,,,,,\n", top + "E1,x,,,a,b,a,E1,P\nE1,y\n"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	utf8Map := mapOf(f, byNumber)
	gbkMap := mapOf(f, "encoding: gbk\n"+strings.Replace(byNumber, "match: number", "match: name", 1))
	f.Fuzz(func(t *testing.T, file []byte, gbk bool) {
		m := utf8Map
		if gbk {
			m = gbkMap
		}
		read, err := hrfile.Read(file, m)
		if err != nil {
			return
		}
		before := len(read.Rows) + len(read.Quarantined)
		read = read.Check(m, hrfile.Surroundings{})
		if after := len(read.Rows) + len(read.Quarantined); after != before {
			t.Fatalf("%d rows became %d", before, after)
		}
		var numbers []string
		for _, r := range read.Rows {
			numbers = append(numbers, r.Number)
			if r.Number == "" || r.Details.GetName() == "" || len(r.Post.GetUnit()) > 10 {
				t.Fatalf("row %d was taken: %v", r.Row, r)
			}
		}
		slices.Sort(numbers)
		if len(slices.Compact(numbers)) != len(read.Rows) {
			t.Fatal("one number was taken twice")
		}
	})
}

func FuzzParseMap(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(byNumber))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := hrfile.ParseMap(text)
		if err == nil && (m.Source == "" || m.Columns["employee_number"] == "" || m.Guard < 0 || m.Guard > 100) {
			t.Fatalf("map %+v was accepted", m)
		}
	})
}

// Whoever mends a row must find the field, not only the row.
func TestQuarantineNamesTheColumn(t *testing.T) {
	t.Parallel()
	m, err := hrfile.ParseMap([]byte("source: s\ncolumns: {employee_number: nr, name: 姓名, kind: sort}\n"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := hrfile.Read([]byte("nr,姓名,sort\nE1,\xd5\xc5,intern\nE2,,intern\nE 3,某人,intern\nE4,某人,boss\n,某人,intern\n"), m)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"HR_ROW_ENCODING (姓名)", "HR_ROW_INCOMPLETE (姓名)", "HR_EMPLOYEE_NUMBER_INVALID (nr)", "HR_KIND_UNKNOWN (sort)", "HR_ROW_INCOMPLETE (nr)"} {
		q := f.Quarantined[i]
		reason, column, _ := strings.Cut(want, " ")
		if int(q.GetRow()) != i+2 || q.GetReason() != reason || !strings.HasSuffix(q.GetMessage(), " "+column) {
			t.Errorf("row %d: %s %q, want %s", q.GetRow(), q.GetReason(), q.GetMessage(), want)
		}
	}
}

// An identity number is checked and kept in one form; a number that cannot be
// quarantines its row, and the complaint does not repeat it.
//
// Covers: IDN-005
func TestIdentityNumbers(t *testing.T) {
	t.Parallel()
	m := mapOf(t, "source: s\ncolumns: {employee_number: nr, name: name, id_number: 身份证号}\n")
	f := read(t, m, "nr,name,身份证号\nE1,a,11010519491231002x\nE2,b,110105194912310021\nE3,c,\nE4,d,１１０１０５４９１２３１００２\nE5,e,护照 G123\nE6,f,11010520261126002X\n",
		hrfile.Surroundings{Today: calendar.Date{Year: 2026, Month: 11, Day: 25}})
	kept := map[string]string{}
	for _, r := range f.Rows {
		kept[r.Number] = r.Details.GetIdNumber()
	}
	if want := map[string]string{"E1": "11010519491231002X", "E3": "", "E4": "11010519491231002X"}; !maps.Equal(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
	if got, want := reasons(f), []string{"3 E2 ID_NUMBER_CHECK", "6 E5 ID_NUMBER_FORM", "7 E6 ID_NUMBER_BIRTH"}; !slices.Equal(got, want) {
		t.Errorf("quarantined %v, want %v", got, want)
	}
	for _, q := range f.Quarantined {
		if !strings.HasSuffix(q.GetMessage(), "(身份证号)") || strings.Contains(q.GetMessage(), "1101") {
			t.Errorf("row %d says %q", q.GetRow(), q.GetMessage())
		}
	}
}

// A spoilt row of a superior takes nobody's superior away, whether HR names
// superiors by number or by name; who has left or shares the name is another
// matter.
func TestASpoiltRowOfASuperiorTakesNobodysSuperiorAway(t *testing.T) {
	t.Parallel()
	m := mapOf(t, strings.Replace(byNumber, "match: number", "match: name", 1))
	people := map[string]hrfile.Colleague{
		"E1": {Name: "王芳"}, "E2": {Name: "李雷", Supervisor: "E1"}, "E8": {Name: "赵云"}, "X9": {Name: "钱明", Foreign: true},
	}
	file := top + "E1,\xd6\xd0,,,,,,,\nE2,李雷,,,,,,王芳,\nE3,韩梅,,,,,,钱明,\nE4,某人,,,,,,赵云,\n"
	f := read(t, m, file, hrfile.Surroundings{People: people})
	got := map[string]string{}
	for _, r := range f.Rows {
		got[r.Number] = r.Post.GetSupervisor()
	}
	if want := map[string]string{"E2": "E1", "E3": "X9", "E4": ""}; !maps.Equal(got, want) {
		t.Errorf("superiors are %v, want %v", got, want)
	}
	if len(f.Warnings) != 1 || f.Warnings[0].GetSubject() != "赵云" {
		t.Errorf("warnings are %v; whoever leaves with this file is nobody's superior", f.Warnings)
	}
}
