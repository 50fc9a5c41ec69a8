package hrfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrMap says what is wrong with the map, in the detail "problem".
var ErrMap = fault.New(fault.Invalid, "HR_MAP_INVALID",
	"The map cannot be used; see the detail \"problem\".",
	"列映射无法使用，请查看 problem 的说明。")

// DefaultGuard is the guard in percent if the map names none.
const DefaultGuard = 10

// Map says how to read a file.
type Map struct {
	// Source is the HR system, for example "peoplesoft".
	Source string
	// Key is the field that identifies a person; always employee_number.
	Key string
	// Encoding is utf-8 or gbk.
	Encoding string
	// Columns are names of columns by field: name, email, …, attributes.x.
	Columns map[string]string
	// Unit are the columns of the unit, root first.
	Unit []string
	// Supervisor is the column of the supervisor; "" if there is none.
	Supervisor string
	// SupervisorByName says that it holds a name instead of a number.
	SupervisorByName bool
	// Constants are values of fields that have no column.
	Constants map[string]string
	// Guard is the percentage of leavers above which a snapshot is held.
	Guard float64
}

// fields are what a column or constant can mean, attributes aside.
var fields = []string{"employee_number", "name", "email", "phone", "id_number", "kind", "position"}

// written is the map as it is written down.
type written struct {
	Source    string               `yaml:"source"`
	Key       string               `yaml:"key"`
	Encoding  string               `yaml:"encoding"`
	Columns   map[string]yaml.Node `yaml:"columns"`
	Constants map[string]string    `yaml:"constants"`
	Guard     string               `yaml:"guard"`
}

var (
	sources    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)
	attributes = regexp.MustCompile(`^attributes\.[A-Za-z][A-Za-z0-9_]{0,63}$`)
)

// ParseMap reads a map. Unknown keys are refused, so that a misspelt column is
// not silently empty for everybody.
func ParseMap(text []byte) (Map, error) {
	var w written
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&w); err != nil {
		if errors.Is(err, io.EOF) {
			return Map{}, problem("the map is empty")
		}
		return Map{}, problem(err.Error())
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Map{}, problem("the map is more than one YAML document")
	}
	m := Map{Source: w.Source, Key: w.Key, Encoding: strings.ToLower(w.Encoding), Columns: map[string]string{}, Constants: w.Constants}
	if m.Encoding == "" {
		m.Encoding = utf8Encoding
	}
	switch {
	case !sources.MatchString(m.Source):
		return Map{}, problem("source must be 1 to 32 letters, digits, hyphens and underscores")
	case m.Encoding != utf8Encoding && m.Encoding != gbkEncoding:
		return Map{}, problem("encoding must be utf-8 or gbk")
	}
	for _, field := range slices.Sorted(maps.Keys(w.Columns)) {
		node := w.Columns[field]
		if err := m.column(field, &node); err != nil {
			return Map{}, err
		}
	}
	for field := range m.Constants {
		_, both := m.Columns[field]
		switch {
		case field == "employee_number" || !slices.Contains(fields, field) && !attributes.MatchString(field):
			return Map{}, problem(fmt.Sprintf("constants: there is no field %q that could be the same for all", field))
		case both:
			return Map{}, problem(fmt.Sprintf("%s is both a column and a constant", field))
		}
	}
	if m.Columns["employee_number"] == "" {
		return Map{}, problem("columns must name employee_number")
	}
	if m.Columns["name"] == "" {
		return Map{}, problem("columns must name name")
	}
	// The key may be given as the field or as the column that holds it.
	if m.Key != "" && m.Key != "employee_number" && m.Key != m.Columns["employee_number"] {
		return Map{}, problem("key must be employee_number: people are told apart by it")
	}
	m.Key = "employee_number"
	var err error
	m.Guard, err = guard(w.Guard)
	return m, err
}

func (m *Map) column(field string, node *yaml.Node) error {
	switch {
	case field == "unit":
		if node.Kind == yaml.ScalarNode {
			m.Unit = []string{node.Value}
			return nil
		}
		if err := node.Decode(&m.Unit); err != nil {
			return problem(at(node, "unit must be a list of columns, root first"))
		}
		return nil
	case field == "supervisor":
		return m.supervisor(node)
	case !slices.Contains(fields, field) && !attributes.MatchString(field):
		return problem(at(node, fmt.Sprintf("columns: there is no field %q; the fields are %s, unit, supervisor and attributes.<name>", field, strings.Join(fields, ", "))))
	case node.Kind != yaml.ScalarNode || node.Value == "":
		return problem(at(node, field+" must be the name of one column"))
	}
	m.Columns[field] = node.Value
	return nil
}

func (m *Map) supervisor(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		m.Supervisor = node.Value
		return nil
	}
	var s struct {
		Column string `yaml:"column"`
		Match  string `yaml:"match"`
	}
	if node.Kind != yaml.MappingNode {
		return problem(at(node, "supervisor must be {column, match: name|number}"))
	}
	for i := 0; i < len(node.Content); i += 2 {
		if k := node.Content[i].Value; k != "column" && k != "match" {
			return problem(at(node.Content[i], fmt.Sprintf("supervisor has no key %q; it is {column, match: name|number}", k)))
		}
	}
	if err := node.Decode(&s); err != nil || s.Column == "" || s.Match != "" && s.Match != "name" && s.Match != "number" {
		return problem(at(node, "supervisor must be {column, match: name|number}"))
	}
	m.Supervisor, m.SupervisorByName = s.Column, s.Match == "name"
	return nil
}

// guard reads "10%" or "10".
func guard(s string) (float64, error) {
	if s == "" {
		return DefaultGuard, nil
	}
	g, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
	if err != nil || !(g >= 0 && g <= 100) {
		return 0, problem("guard must be a percentage from 0% to 100%")
	}
	return g, nil
}

func problem(text string) error { return ErrMap.With("problem", text) }

func at(node *yaml.Node, text string) string {
	return fmt.Sprintf("line %d column %d: %s", node.Line, node.Column, text)
}
