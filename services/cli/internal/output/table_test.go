package output

import (
	"bytes"
	"testing"
)

// Columns stand one below the other on a terminal, where a Chinese character
// takes two cells; no line ends in blanks, and no line is empty for want of a
// heading.
func TestTablesAlignWhatTerminalsShow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		heading []string
		rows    [][]string
		want    string
	}{
		"latin":              {[]string{"A", "LONG", "C"}, [][]string{{"aaa", "b", "c"}, {"a", "", "c"}}, "A    LONG  C\naaa  b     c\na          c\n"},
		"chinese":            {[]string{"工号", "姓名", "岗位"}, [][]string{{"E1", "欧阳明远", "x"}, {"E1042", "Li", "客服"}}, "工号   姓名      岗位\nE1     欧阳明远  x\nE1042  Li        客服\n"},
		"without heading":    {nil, [][]string{{"姓名", "李雷"}, {"Kind", "y"}}, "姓名  李雷\nKind  y\n"},
		"nothing at the end": {[]string{"A", "B", "C"}, [][]string{{"a", "", ""}, {"a", "b", ""}}, "A  B  C\na\na  b\n"},
		"combining":          {nil, [][]string{{"é", "x"}, {"ab", "x"}}, "é   x\nab  x\n"},
		"nothing":            {nil, nil, ""},
	} {
		var out bytes.Buffer
		(&Printer{Out: &out}).Table(c.heading, c.rows)
		if out.String() != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, out.String(), c.want)
		}
	}
}
