package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRefusalsAreReadFromTheirDeclarations(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(path, content string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("libs/pack/x.go", "package pack\nvar a = fault.New(fault.Refused, \"B_LATER\", \"Mend it | \"+\"now.\", \"请修正。\")\nvar quiet = fault.New(fault.Refused, \"QUIET\", \"\", \"\")\n")
	write("services/approval/x.go", "package x\nvar a = fault.New(fault.NotFound, \"A_FIRST\", \"Look.\", \"请查看。\")\n")
	write("services/visitor/x.go", "package x\nvar a = fault.New(fault.NotFound, \"A_FIRST\", \"Look.\", \"请查看。\")\n")
	write("services/visitor/x_test.go", "package x\nvar b = fault.New(fault.NotFound, \"OF_A_TEST\", \"Look.\", \"请查看。\")\n")
	page, err := refusals(root)
	if err != nil {
		t.Fatal(err)
	}
	want := "| `A_FIRST` | 4 | Look. | 请查看。 | approval, visitor |\n| `B_LATER` | 3 | Mend it \\| now. | 请修正。 | libs/pack |\n"
	if !strings.HasSuffix(page, want) {
		t.Errorf("page\n%s\nwant at its end\n%s", page, want)
	}
}
