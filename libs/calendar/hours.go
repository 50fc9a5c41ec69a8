package calendar

import (
	"fmt"
	"time"

	"github.com/ostiary/ostiary/libs/fault"
)

// Shift is a part of a working day, from midnight: [From, To).
type Shift struct{ From, To time.Duration }

// Hours are when people work on a working day: shifts in order, at least one.
type Hours []Shift

// The refusals of working hours.
var (
	ErrHours = fault.New(fault.Invalid, "WORKING_HOURS_INVALID",
		"Give at least one shift; each begins before it ends, after the one before it, and within the day.",
		"请至少给出一个班次；每个班次须先起后止、互不重叠且不跨日。")
	ErrTooLong = fault.New(fault.Invalid, "WORKING_TIME_TOO_LONG",
		"Count at most 10,000 working hours.", "最多计算 10000 个工作小时。")
)

const longest = 10_000 * time.Hour

// Check tells whether the shifts can be counted by.
func (h Hours) Check() error {
	at := time.Duration(0)
	for _, s := range h {
		if s.From < at || s.To <= s.From || s.To > 24*time.Hour {
			return ErrHours.With("shift", fmt.Sprintf("%v-%v", s.From, s.To))
		}
		at = s.To
	}
	if len(h) == 0 {
		return ErrHours
	}
	return nil
}

// Moment is an answer, with the calendar that gave it.
type Moment struct {
	At          time.Time
	Version     string
	Provisional bool
}

// AddHours is the first instant at which the working time d has passed since
// t, or the last from which it passes until t if d is negative. With d = 0 it
// is t itself if people work then, else the start of the next shift. Days are
// those of the zone.
func (c *Calendar) AddHours(t time.Time, d time.Duration, h Hours, zone *time.Location) (Moment, error) {
	if err := h.Check(); err != nil {
		return Moment{}, err
	}
	if d > longest || d < -longest {
		return Moment{}, ErrTooLong
	}
	if d < 0 {
		return c.back(t, -d, h, zone), nil
	}
	m := Moment{Version: c.version}
	for date := DateOf(t, zone); ; date = date.Next(1) {
		day := c.Day(date)
		m.Provisional = m.Provisional || day.Provisional
		if !day.Working() {
			continue
		}
		for _, s := range h {
			from, to := s.on(date, zone)
			from = later(from, t)
			// What is due at the end of a shift is due then, but nothing starts there.
			if worked := to.Sub(from); worked > 0 && (worked >= d && d > 0 || worked > d) {
				m.At = from.Add(d)
				return m, nil
			} else if worked > 0 {
				d -= worked
			}
		}
	}
}

func (c *Calendar) back(t time.Time, d time.Duration, h Hours, zone *time.Location) Moment {
	m := Moment{Version: c.version}
	for date := DateOf(t, zone); ; date = date.Next(-1) {
		day := c.Day(date)
		m.Provisional = m.Provisional || day.Provisional
		if !day.Working() {
			continue
		}
		for i := len(h) - 1; i >= 0; i-- {
			from, to := h[i].on(date, zone)
			if t.Before(to) {
				to = t
			}
			if worked := to.Sub(from); worked >= d {
				m.At = to.Add(-d)
				return m
			} else if worked > 0 {
				d -= worked
			}
		}
	}
}

// on is when the shift begins and ends on a day.
func (s Shift) on(date Date, zone *time.Location) (from, to time.Time) {
	at := func(d time.Duration) time.Time {
		return time.Date(date.Year, date.Month, date.Day, 0, 0, 0, int(d), zone)
	}
	return at(s.From), at(s.To)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
