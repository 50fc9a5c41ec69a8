package output

import (
	"strings"

	"github.com/rivo/uniseg"
)

// gap is between two columns.
const gap = "  "

// Table prints rows under a heading, or without one, columns aligned as a
// terminal shows them: a Chinese character is two cells wide. No line ends in
// blanks.
func (p *Printer) Table(heading []string, rows [][]string) {
	var lines [][]string
	if len(heading) > 0 {
		lines = append(lines, heading)
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		lines = append(lines, cells)
	}
	var widths []int
	for _, cells := range lines {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	for _, cells := range lines {
		p.write(aligned(cells, widths) + "\n")
	}
}

func aligned(cells []string, widths []int) string {
	var line strings.Builder
	for i, cell := range cells {
		line.WriteString(cell)
		line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)))
		line.WriteString(gap)
	}
	return strings.TrimRight(line.String(), " ")
}
