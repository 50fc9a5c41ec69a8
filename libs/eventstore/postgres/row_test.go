package postgres

import (
	"bytes"
	"testing"
)

func TestSharedFieldsAreRight(t *testing.T) {
	t.Parallel()
	var w columns
	for _, s := range []string{"a", "b", "a", "b", "c", "a", "", "c", "", "b"} {
		if got := w.word(3, []byte(s)); got != s {
			t.Errorf("%q was read as %q", s, got)
		}
	}
	buffer := []byte("kept")
	kept := w.word(0, buffer)
	copy(buffer, "gone")
	if kept != "kept" || w.word(0, buffer) != "gone" {
		t.Error("a string changed with the connection's buffer")
	}
}

func TestDataOfManyEventsIsKeptApart(t *testing.T) {
	t.Parallel()
	var c columns
	var kept [][]byte
	for n := range 1000 {
		buffer := bytes.Repeat([]byte{byte(n)}, n*37%3000)
		kept = append(kept, c.data(buffer))
		clear(buffer)
		if cause := c.cause("identity", int64(n)); cause.Position != int64(n) {
			t.Fatalf("cause %+v of %d", cause, n)
		}
	}
	_ = append(kept[4], 99) // must not reach into its neighbour
	for n, b := range kept {
		if !bytes.Equal(b, bytes.Repeat([]byte{byte(n)}, n*37%3000)) {
			t.Fatalf("data of event %d has changed", n)
		}
	}
}

func TestDamagedRowsAreRefused(t *testing.T) {
	t.Parallel()
	row := make([][]byte, columnCount)
	for _, i := range []int{0, 2, 6, 7} {
		row[i] = make([]byte, 8)
	}
	row[3], row[13] = make([]byte, 16), make([]byte, 16)
	if _, err := record(row, &columns{}); err != nil {
		t.Fatalf("a whole row: %v", err)
	}
	for _, i := range []int{0, 2, 3, 6, 7, 13} {
		whole := row[i]
		row[i] = whole[:3]
		if _, err := record(row, &columns{}); err == nil {
			t.Errorf("column %d cut off was read", i)
		}
		row[i] = whole
	}
}
