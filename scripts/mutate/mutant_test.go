package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const example = `package p

func decide(a, b bool, n int) (int, error) {
	switch {
	case a, n > 3 || b:
		return 0, ErrMany.With("n", "3")
	case n == 2:
		return 2, nil
	}
	if n == 9 {
		return 0, ErrNine
	}
	if n == 10 {
		n++
		return n, ErrMany
	}
	if _, err := decide(a, b, n); err != nil {
		return 0, err
	}
	if n == 11 {
		return []any{refused("eleven")}, nil
	}
	switch n {
	case 4:
		return 0, ErrFour
	}
	return 1, nil
}
`

func TestEveryConditionOfARefusalIsOneMutant(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := mutate(file)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range found {
		texts = append(texts, m.text)
		if !strings.Contains(string(m.source), "(false && ("+m.text+"))") {
			t.Errorf("the mutant of %q is\n%s", m.text, m.source)
		}
	}
	if want := []string{"a", "n > 3", "b", "n == 9", "n == 10", "err != nil", "n == 11"}; !slices.Equal(texts, want) {
		t.Errorf("found %q, want %q", texts, want)
	}
}
