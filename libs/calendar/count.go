package calendar

import "github.com/ostiary/ostiary/libs/fault"

// farthest is how many working days may be counted at once, some forty years.
const farthest = 10_000

// ErrTooFar says that nobody sets a deadline so far away.
var ErrTooFar = fault.New(fault.Invalid, "DEADLINE_TOO_FAR",
	"Count at most 10,000 working days.", "最多计算 10000 个工作日。")

// Count is an answer, with the calendar that gave it.
type Count struct {
	// Date is the day that was looked for.
	Date Date
	// Version names the calendar.
	Version string
	// Provisional says that a day on the way is in a year without a notice.
	Provisional bool
}

// Add is the n-th working day after a day, or before it if n is negative. With
// n = 0 it is the day itself if it works, else the next working day.
func (c *Calendar) Add(base Date, n int) (Count, error) {
	count, _, err := c.count(base, n, false)
	return count, err
}

// Working shows the way to an answer: every day that was looked at, in the
// order of counting.
func (c *Calendar) Working(base Date, n int) (Count, []Day, error) { return c.count(base, n, true) }

func (c *Calendar) count(base Date, n int, shown bool) (Count, []Day, error) {
	if n > farthest || n < -farthest {
		return Count{}, nil, ErrTooFar
	}
	step, left, date := 1, n, base
	switch {
	case n < 0:
		step, left = -1, -n
	case n == 0:
		date, left = base.Next(-1), 1 // the day itself is the first that is looked at
	}
	count := Count{Version: c.version}
	var days []Day
	for left > 0 {
		date = date.Next(step)
		day := c.Day(date)
		count.Provisional = count.Provisional || day.Provisional
		if day.Working() {
			left--
		}
		if shown {
			days = append(days, day)
		}
	}
	count.Date = date
	return count, days, nil
}
