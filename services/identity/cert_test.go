package identity_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

const certMap = `source: cert
columns:
  employee_number: user_id
  name: employee_name
  email: email
  position: role
  unit: [business_unit, functional_unit, department, team]
  supervisor: {column: supervisor, match: name}
  attributes.project: projects
constants: {kind: employee}
`

// A company of two thousand people over the months: nobody new after the first
// file, and the same file twice changes nothing.
func TestMonthsOfARealCompany(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/cert-ldap/*.csv")
	if err != nil || len(files) == 0 {
		t.Skip("the directory snapshots of shared/data/cert-ldap are not here")
	}
	i := install(t)
	prove := os.Getenv("PROVE") == "1"
	months := files[:3]
	if prove {
		months = files
	}
	people, gone := 0, 0
	for n, file := range months {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !prove {
			content = firstLines(content, 201) // a tenth of the company; its supervisors may be missing
		}
		start := time.Now()
		r := i.must(&identityv1.ImportSnapshotHeader{Map: []byte(certMap)}, string(content))
		t.Logf("%s: %s in %s", filepath.Base(file), counts(r), time.Since(start).Round(time.Millisecond))
		if len(r.GetQuarantined()) > 0 {
			t.Errorf("%s: quarantined %v", file, r.GetQuarantined())
		}
		if n == 0 {
			people = int(r.GetJoiners())
		} else if prove && r.GetJoiners() != 0 {
			t.Errorf("%s: %d joiners", file, r.GetJoiners())
		}
		gone += int(r.GetLeavers())
		if again := i.must(&identityv1.ImportSnapshotHeader{Map: []byte(certMap)}, string(content)); again.GetJoiners()+again.GetMovers()+again.GetLeavers() != 0 {
			t.Errorf("%s again is %s", file, counts(again))
		}
	}
	if want := map[bool]int{true: 2000, false: 200}[prove]; people != want || prove && gone != 238 {
		t.Errorf("%d people, %d gone", people, gone)
	}
}

func firstLines(text []byte, n int) []byte {
	lines := bytes.SplitAfterN(text, []byte("\n"), n+1)
	return bytes.Join(lines[:min(n, len(lines))], nil)
}
