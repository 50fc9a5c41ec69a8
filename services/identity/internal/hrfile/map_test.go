package hrfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/services/identity/internal/hrfile"
)

const good = `source: peoplesoft
key: number
encoding: GBK
columns:
  employee_number: number
  name: name
  unit: [u1, u2]
  supervisor: {column: boss, match: name}
  attributes.project: project
constants: {kind: intern, attributes.site: 上海}
guard: 12.5%
`

func TestAMapIsRead(t *testing.T) {
	t.Parallel()
	m, err := hrfile.ParseMap([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := hrfile.Map{
		Source: "peoplesoft", Key: "employee_number", Encoding: "gbk",
		Columns: map[string]string{"employee_number": "number", "name": "name", "attributes.project": "project"},
		Unit:    []string{"u1", "u2"}, Supervisor: "boss", SupervisorByName: true,
		Constants: map[string]string{"kind": "intern", "attributes.site": "上海"}, Guard: 12.5,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	m, err = hrfile.ParseMap([]byte("source: x\ncolumns: {employee_number: n, name: m, supervisor: s, unit: u}\n"))
	if err != nil || m.Guard != hrfile.DefaultGuard || m.Encoding != "utf-8" || m.Supervisor != "s" || m.SupervisorByName || len(m.Unit) != 1 {
		t.Errorf("short map is %+v, %v", m, err)
	}
}

func TestMapsThatAreRefusedSayWhere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ old, new, say string }{
		"unknown key":           {"guard:", "grd:", "grd"},
		"unknown field":         {"  name:", "  nm:", "line 6"},
		"unknown constant":      {"kind: intern", "knid: intern", "knid"},
		"number as a constant":  {"kind: intern", "employee_number: E1", "employee_number"},
		"column and constant":   {"kind: intern", "name: x", "name"},
		"another key":           {"key: number", "key: email", "employee_number"},
		"encoding":              {"GBK", "latin1", "utf-8 or gbk"},
		"guard":                 {"12.5%", "-1%", "percentage"},
		"guard of a word":       {"12.5%", "NaN", "percentage"},
		"source":                {"peoplesoft", "'a.b >'", "source"},
		"match":                 {"match: name", "match: mail", "name|number"},
		"unknown in supervisor": {"match: name", "mtach: name", "mtach"},
		"no number":             {"employee_number: number", "email: number", "employee_number"},
		"a list for a column":   {"name: name", "name: [a, b]", "one column"},
		"two documents":         {"guard: 12.5%", "guard: 10%\n---\nguard: 5%", "more than one"},
		"not YAML":              {"source:", "source: [", "line"},
		"twice the same":        {"guard: 12.5%", "guard: 10%\nguard: 5%", "guard"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good, tc.old, tc.new, 1)
			_, err := hrfile.ParseMap([]byte(text))
			if !errors.Is(err, hrfile.ErrMap) || !strings.Contains(err.Error(), tc.say) {
				t.Errorf("%v does not say %q", err, tc.say)
			}
		})
	}
	if _, err := hrfile.ParseMap(nil); !errors.Is(err, hrfile.ErrMap) {
		t.Errorf("an empty map: %v", err)
	}
}
