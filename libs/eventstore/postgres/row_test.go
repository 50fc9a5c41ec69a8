package postgres

import (
	"testing"
)

func TestWordsAreSharedAndRight(t *testing.T) {
	t.Parallel()
	var w words
	for _, s := range []string{"a", "b", "a", "b", "c", "a", "", "c", "", "b"} {
		if got := w.of(3, []byte(s)); got != s {
			t.Errorf("%q was read as %q", s, got)
		}
	}
	buffer := []byte("kept")
	kept := w.of(0, buffer)
	copy(buffer, "gone")
	if kept != "kept" || w.of(0, buffer) != "gone" {
		t.Error("a string changed with the connection's buffer")
	}
}

func TestDamagedRowsAreRefused(t *testing.T) {
	t.Parallel()
	row := make([][]byte, columnCount)
	for _, i := range []int{0, 2, 6, 7} {
		row[i] = make([]byte, 8)
	}
	row[3], row[13] = make([]byte, 16), make([]byte, 16)
	if _, err := record(row, &words{}); err != nil {
		t.Fatalf("a whole row: %v", err)
	}
	for _, i := range []int{0, 2, 3, 6, 7, 13} {
		whole := row[i]
		row[i] = whole[:3]
		if _, err := record(row, &words{}); err == nil {
			t.Errorf("column %d cut off was read", i)
		}
		row[i] = whole
	}
}
