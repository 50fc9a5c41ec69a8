package calendar

import (
	"slices"
	"time"
)

// Kind is what a day is.
type Kind uint8

// The kinds of days.
const (
	Workday Kind = iota + 1 // a weekday that works
	Weekend                 // a Saturday or Sunday that is free
	Holiday                 // a day that a notice has made free
	MakeUp                  // a Saturday or Sunday that a notice has made working
)

// Day is a day of a calendar.
type Day struct {
	Date Date
	Kind Kind
	// Name is the holiday that a notice gives as the reason, in Chinese.
	Name string
	// Provisional says that no notice for the year is known yet.
	Provisional bool
}

// Working tells whether people work.
func (d Day) Working() bool { return d.Kind == Workday || d.Kind == MakeUp }

// Calendar is what was known of the working days on some day. It does not
// change and may be used by many at once.
type Calendar struct {
	version string
	years   map[int]bool
	changes map[Date]change
}

// China is the calendar of the People's Republic of China as it was known at
// the end of a day.
func China(known Date) *Calendar {
	c := &Calendar{version: "cn", years: map[int]bool{}, changes: map[Date]change{}}
	all := papers()
	n, _ := slices.BinarySearchFunc(all, known.Next(1), func(p paper, d Date) int { return p.known.Compare(d) })
	for i := n - 1; i >= 0; i-- {
		p := all[i]
		if c.years[p.year] {
			continue // a later notice replaces the earlier one whole
		}
		c.years[p.year] = true
		for _, d := range p.days {
			if _, changed := c.changes[d.date]; !changed { // of two years that name a day, the later notice counts
				c.changes[d.date] = d
			}
		}
	}
	if n > 0 {
		c.version = "cn@" + all[n-1].known.String()
	}
	return c
}

// Version names the newest notice that is taken into account, for example
// "cn@2025-11-04". Two calendars of one version are the same.
func (c *Calendar) Version() string { return c.version }

// Day tells what a day is.
func (c *Calendar) Day(date Date) Day {
	weekend := date.Weekday() == time.Saturday || date.Weekday() == time.Sunday
	d := Day{Date: date, Kind: Workday, Provisional: !c.years[date.Year]}
	change, changed := c.changes[date]
	if changed {
		d.Name = change.Name
	}
	switch {
	case changed && change.Off:
		d.Kind = Holiday
	case changed && weekend:
		d.Kind = MakeUp
	case !changed && weekend:
		d.Kind = Weekend
	}
	return d
}
