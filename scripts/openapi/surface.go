package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// published holds what REST has promised, one promise a line. Lines are only
// added; whoever takes one away does so by hand, and the difference shows it.
const published = "docs/rest.published"

// surface is what a client may rely on: every operation, what it takes and what
// it answers, each with its type.
func surface(d *openapi3.T) []string {
	promises := map[string]bool{}
	for path, item := range d.Paths.Map() {
		for method, o := range item.Operations() {
			at := method + " " + path
			promises[at+" "+o.OperationID] = true
			for _, p := range o.Parameters {
				promises[fmt.Sprintf("%s takes %s %s: %s", at, p.Value.In, p.Value.Name, kind(p.Value.Schema))] = true
			}
			if o.RequestBody != nil {
				walk(promises, at+" takes", o.RequestBody.Value.Content["application/json"].Schema, nil)
			}
			for code, r := range o.Responses.Map() {
				for _, content := range r.Value.Content {
					walk(promises, at+" answers "+code, content.Schema, nil)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(promises))
}

// walk notes every field of a schema. A schema within itself is noted once.
func walk(promises map[string]bool, at string, s *openapi3.SchemaRef, within []string) {
	if s == nil || s.Value == nil || s.Ref != "" && slices.Contains(within, s.Ref) {
		return
	}
	within = append(slices.Clone(within), s.Ref)
	for name, p := range s.Value.Properties {
		promises[fmt.Sprintf("%s %s: %s", at, name, kind(p))] = true
		walk(promises, at+" "+name, p, within)
	}
	walk(promises, at, s.Value.Items, within)
}

// kind is the type of a value, for example string/date-time.
func kind(s *openapi3.SchemaRef) string {
	if s == nil || s.Value == nil {
		return "any"
	}
	k := strings.Join(s.Value.Type.Slice(), "|")
	if s.Value.Items != nil {
		return k + " of " + kind(s.Value.Items)
	}
	if s.Value.Format != "" {
		return k + "/" + s.Value.Format
	}
	return k
}

// broken are the promises that are not kept.
func broken(promised, kept []string) (lost []string) {
	for _, p := range promised {
		if _, ok := slices.BinarySearch(kept, p); !ok {
			lost = append(lost, p)
		}
	}
	return lost
}

// promises reads what has been published; nothing yet is no error.
func promises(path string) ([]string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var all []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all, lines.Err()
}

// publish adds what is new to what has been promised.
func publish(path string, now []string) error {
	before, err := promises(path)
	if err != nil {
		return err
	}
	all := slices.Concat(before, now)
	slices.Sort(all)
	text := "# What REST has promised, one a line. make generate adds lines; taking one away breaks clients and is done by hand.\n" +
		strings.Join(slices.Compact(all), "\n") + "\n"
	return os.WriteFile(path, []byte(text), 0o644)
}
