package identity_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

const documentMap = "source: peoplesoft\ncolumns: {employee_number: number, name: name, id_number: document}\nguard: 100%\n"

// People are found by their identity numbers, however these are written; the
// number itself lies nowhere in clear, and nobody is shown more than its mask.
//
// Covers: IDN-005
func TestPeopleAreFoundByIdentityNumber(t *testing.T) {
	i := install(t)
	const number = "11010519491231002X"
	file := func(rows string) {
		t.Helper()
		r := i.must(&identityv1.ImportSnapshotHeader{Map: []byte(documentMap)}, "number,name,document\n"+rows)
		if len(r.GetQuarantined()) > 0 {
			t.Fatalf("quarantined: %v", r.GetQuarantined())
		}
	}
	found := func(written string) string {
		t.Helper()
		r, err := i.people().FindPeople(i.admin, &identityv1.FindPeopleRequest{IdNumber: written})
		if err != nil {
			t.Fatal(err)
		}
		var numbers []string
		for _, p := range r.GetPeople() {
			numbers = append(numbers, p.GetEmployeeNumber())
		}
		return strings.Join(numbers, " ")
	}
	file("E1,王芳," + number + "\nE2,李雷,110105491231002\nE3,韩梅,440524188001010014\nE4,某人,\n")
	for written, want := range map[string]string{
		number: "E1 E2", "１１０１０５４９１２３１００２": "E1 E2", strings.ToLower(number): "E1 E2", "440524188001010014": "E3", "810000199001010019": "",
	} {
		if got := found(written); got != want {
			t.Errorf("%q is found at %q, want %q", written, got, want)
		}
	}
	if p := i.person("E1"); p.GetIdNumberMasked() != "110105***********X" {
		t.Errorf("shown as %q", p.GetIdNumberMasked())
	}
	if p := i.person("E4"); p.GetIdNumberMasked() != "" {
		t.Errorf("nothing is shown as %q", p.GetIdNumberMasked())
	}
	if _, err := i.people().FindPeople(i.admin, &identityv1.FindPeopleRequest{IdNumber: "110105194912310021"}); reason(err) != "ID_NUMBER_CHECK" {
		t.Errorf("a mistyped number: %v", err)
	}

	file("E1,王芳,810000199001010019\nE2,李雷,\nE3,韩梅,440524188001010014\nE4,某人,\n")
	if got := found(number); got != "" {
		t.Errorf("after the correction the old number is found at %q", got)
	}
	if got := found("810000199001010019"); got != "E1" {
		t.Errorf("after the correction the new number is found at %q", got)
	}
	nowhere(t, i, number)
}

// nowhere looks for a text in every event and in the table of documents.
func nowhere(t *testing.T, i *installation, text string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	recorded, err := i.identity.Journal.Store.ReadAll(ctx, 0, 10_000)
	if err != nil || len(recorded) == 0 {
		t.Fatalf("%d events, %v", len(recorded), err)
	}
	for _, e := range recorded {
		if bytes.Contains(e.Data, []byte(text)) {
			t.Errorf("%s at %d holds the number in clear", e.Type, e.Position)
		}
	}
	var rows, clear int
	if err := i.identity.Pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE d::text LIKE '%' || $1 || '%' OR position(convert_to($1, 'UTF8') IN id_number) > 0)
		FROM rm_documents.documents d`, text).Scan(&rows, &clear); err != nil {
		t.Fatal(err)
	}
	if rows != 2 || clear > 0 {
		t.Errorf("%d documents are kept, %d in clear", rows, clear)
	}
}
