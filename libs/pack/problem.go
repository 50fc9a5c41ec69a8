package pack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something wrong in a pack, where, and what to do about it.
type Problem struct {
	Line      int // from 1
	Column    int // from 1, in characters
	Message   string
	MessageZH string
}

// String is "line:column: message".
func (p Problem) String() string { return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message) }

func sortProblems(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// nearest is the known name that somebody who wrote s most likely meant, "" if
// none is near.
func nearest(s string, known []string) string {
	best, distance := "", max(1, len([]rune(s))/3)+1
	for _, k := range known {
		if d := editDistance([]rune(strings.ToLower(s)), []rune(strings.ToLower(k)), distance); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b; from limit on, the number is of no interest.
func editDistance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var before, last []int // the two rows above
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// meant completes a message with the nearest known name, or with all if they
// are few.
func meant(s string, known []string) (en, zh string) {
	const few = 20
	if n := nearest(s, known); n != "" {
		return fmt.Sprintf("; did you mean %q?", n), fmt.Sprintf("；是否应为“%s”？", n)
	}
	if len(known) == 0 || len(known) > few {
		return "", ""
	}
	return "; known are " + strings.Join(known, ", "), "；可用的有：" + strings.Join(known, "、")
}
