package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const root = "../../"

func document(t *testing.T) *openapi3.T {
	t.Helper()
	d, err := openapi3.NewLoader().LoadFromFile(root + to)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(t.Context()); err != nil {
		t.Fatalf("%s is not valid OpenAPI 3: %v", to, err)
	}
	return d
}

func TestRestKeepsWhatItHasPromised(t *testing.T) {
	t.Parallel()
	promised, err := promises(root + published)
	if err != nil || len(promised) < 500 {
		t.Fatalf("%d promises, %v", len(promised), err)
	}
	for _, lost := range broken(promised, surface(document(t))) {
		t.Errorf("clients rely on: %s", lost)
	}
}

func TestALostFieldOrOperationIsNoticed(t *testing.T) {
	t.Parallel()
	promised := surface(document(t))
	d := document(t)
	person := d.Components.Schemas["v1Person"].Value
	delete(person.Properties, "state")
	person.Properties["name"] = openapi3.NewInt64Schema().NewRef()
	d.Paths.Value("/api/v1/requests").Post = nil
	d.Paths.Value("/api/v1/grants").Get.Parameters = nil
	got := broken(promised, surface(d))
	for _, want := range []string{
		"GET /api/v1/people/{employee_number} answers 200 state: string",
		"GET /api/v1/people/{employee_number} answers 200 name: string",
		"POST /api/v1/requests SubmitRequest",
		"POST /api/v1/requests takes application: string",
		"GET /api/v1/grants takes query employee_number: string",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("not noticed: %s", want)
		}
	}
	if more := broken(promised, promised); len(more) != 0 {
		t.Errorf("nothing was lost, and %v is missed", more)
	}
}

func TestPublishingOnlyAdds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "published")
	for _, now := range [][]string{{"b", "a"}, {"c"}, nil} {
		if err := publish(path, now); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(string(b), "\na\nb\nc\n") {
		t.Errorf("%q, %v", b, err)
	}
}

// Every list has one form, whatever the proto calls its items.
func TestListsHaveOneForm(t *testing.T) {
	t.Parallel()
	for path, item := range document(t).Paths.Map() {
		for _, o := range item.Operations() {
			answer := listOf(o)
			if answer == nil || o.OperationID == "FindUnitHead" {
				continue
			}
			fields := answer.Value.Properties
			if o.OperationID == "ReadLifecycle" {
				if fields["events"] == nil || fields["next"] == nil {
					t.Errorf("the lifecycle feed answers %v", fields)
				}
				continue
			}
			if fields["items"] == nil || fields["next"] == nil {
				t.Errorf("%s %s is no list of items and next", path, o.OperationID)
			}
		}
	}
}
