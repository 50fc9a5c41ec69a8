package e2e

import (
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// conforms expects that what was told is what docs/feeds promises.
func conforms(t *testing.T, schema string, told ...map[string]any) {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "..", "docs", "feeds", schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range told {
		if err := compiled.Validate(e); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	}
}
