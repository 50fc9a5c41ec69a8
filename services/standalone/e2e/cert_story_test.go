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
