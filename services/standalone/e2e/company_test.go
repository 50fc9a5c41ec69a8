package e2e

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const certMap = `source: hr
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

// Eighteen months of a real company: at every end of a month the target shows
// exactly what the matrix gives to those who are there; whoever left holds
// nothing; each change of project led to exactly the revocations and grants
// that the matrix implies; the same file twice changes nothing; and every
// right can be explained from the read-back to the row of HR.
//
// Covers: IDN-023, IDN-025, IDN-027, ACR-008, AUD-003
func TestEighteenMonthsOfARealCompany(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../../shared/data/cert-ldap/*.csv")
	if err != nil || len(files) == 0 {
		t.Skip("the directory snapshots of shared/data/cert-ldap are not here")
	}
	s, changes := certStory(t, files)
	if whole && (len(s.leavers()) != 238 || changes != 2350) {
		t.Fatalf("the files have %d leavers and %d changes of project, not 238 and 2350", len(s.leavers()), changes)
	}
	t.Logf("%d people, %d leavers, %d changes of project", len(s.everybody()), len(s.leavers()), changes)

	i := install(t)
	target := i.target()
	for n, st := range s.steps {
		i.play(s, st)
		shows(t, target, st.name, st.memberships())
		if n == 1 || n == len(s.steps)-1 || whole && st.pack == "" {
			i.changesNothing(s, st)
		}
	}
	i.leftEmptyHanded(s.leavers())
	i.lists(catalogue(s.last().matrix), s.last(), "")
	past := s.steps[len(s.steps)/2]
	i.lists(catalogue(past.matrix), past, past.date)
	i.accountsFor(s, some(s.everybody(), 6), false)
	i.do("audit", "verify")
}

// changesNothing imports the file of a step again and expects no event but the
// import's own record.
func (i *installation) changesNothing(s story, st step) {
	i.t.Helper()
	before := i.heads()
	again := i.object(i.command(s, st)...)
	if again["joiners"] != 0.0 || again["movers"] != 0.0 || again["leavers"] != 0.0 || again["unchanged"] != float64(len(st.people)) {
		i.t.Errorf("%s again says %v", st.name, again)
	}
	for service, head := range i.heads() {
		if service != "identity" && head != before[service] {
			i.t.Errorf("%s again wrote %d events in %s", st.name, head-before[service], service)
		}
	}
	conn := i.superuser("ostiary_identity")
	defer func() { _ = conn.Close(i.t.Context()) }()
	var others int
	if err := conn.QueryRow(i.t.Context(), `SELECT count(*) FROM es.event WHERE position > $1 AND stream <> $2`,
		before["identity"], "snapshot-"+again["snapshot"].(string)).Scan(&others); err != nil {
		i.t.Fatal(err)
	}
	if others > 0 {
		i.t.Errorf("%s again wrote %d events beside its own record", st.name, others)
	}
}

// heads are the last positions of all services but audit, which follows them.
func (i *installation) heads() map[string]int64 {
	i.t.Helper()
	heads := map[string]int64{}
	for _, s := range i.object("status")["services"].([]any) {
		service := s.(map[string]any)
		if name := service["service"].(string); name != "audit" {
			n, err := strconv.ParseInt(service["position"].(string), 10, 64)
			if err != nil {
				i.t.Fatal(err)
			}
			heads[name] = n
		}
	}
	return heads
}

// certStory reads the files, all people or a sample together with everybody
// above them, and counts the changes of project.
func certStory(t *testing.T, files []string) (story, int) {
	t.Helper()
	var tables [][][]string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		table, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table)
	}
	chosen := sample(tables[0], len(some(tables[0][1:], 40)))
	matrix := certMatrix(tables)
	s := story{mapping: certMap, steps: []step{{name: "pack-1", pack: packText(1, "2020-01-01T00:00:00+08:00", matrix), matrix: matrix}}}
	changes := 0
	for n, table := range tables {
		st := step{name: strings.TrimSuffix(filepath.Base(files[n]), ".csv"), date: back(len(tables) - n), matrix: matrix, people: map[string]post{}}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		for row, r := range table {
			if row > 0 && !chosen[r[1]] {
				continue
			}
			_ = w.Write(r) // a buffer takes everything
			if row > 0 {
				st.people[r[1]] = post{position: r[3], project: r[4], kind: "employee"}
				if before, here := s.last().people[r[1]]; here && before.project != r[4] {
					changes++
				}
			}
		}
		w.Flush()
		st.snapshot = b.String()
		s.steps = append(s.steps, st)
	}
	return s, changes
}

// sample chooses people at even distances and everybody above them.
func sample(table [][]string, people int) map[string]bool {
	byName := map[string][]string{}
	for _, r := range table[1:] {
		byName[r[0]] = r
	}
	chosen := map[string]bool{}
	for n := range people {
		for r := table[1+n*(len(table)-1)/people]; r != nil && !chosen[r[1]]; r = byName[r[9]] {
			chosen[r[1]] = true
		}
	}
	return chosen
}

// certMatrix gives each position a role, each project one of forty, and more
// to administrators who work on a project. Projects that share a role make
// changes that mean nothing.
func certMatrix(tables [][][]string) []line {
	positions, projects := map[string]bool{}, map[string]bool{}
	for _, table := range tables {
		for _, r := range table[1:] {
			positions[r[3]], projects[r[4]] = true, true
		}
	}
	delete(projects, "")
	var matrix []line
	for n, position := range sorted(positions) {
		matrix = append(matrix, line{position: position, holds: always, grants: []string{fmt.Sprintf("post/r%d", n)}})
	}
	byRole := map[string][]string{}
	for _, project := range sorted(projects) {
		number, _ := strconv.Atoi(strings.TrimPrefix(project, "Project "))
		role := fmt.Sprintf("project/p%d", number%40)
		byRole[role] = append(byRole[role], project)
	}
	for _, role := range sorted(byRole) {
		names := byRole[role]
		matrix = append(matrix, line{
			where:  fmt.Sprintf(`attributes.project in ["%s"]`, strings.Join(names, `", "`)),
			holds:  func(p post) bool { return slices.Contains(names, p.project) },
			grants: []string{role},
		})
	}
	return append(matrix, line{
		position: "ITAdmin", where: `attributes.project != ""`, holds: func(p post) bool { return p.project != "" }, grants: []string{"admin/console"},
	})
}
