package signers

import (
	"fmt"
	"time"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/pack"
)

// after is the instant that lies a duration after another, and the version of
// the calendar if working days were counted. Working days count to the end of
// the last one (APR-010, XCT-010). No duration is no instant.
func after(now time.Time, d pack.Duration, zone *time.Location) (time.Time, string, error) {
	if d.IsZero() {
		return time.Time{}, "", nil
	}
	if fixed, ok := d.Fixed(); ok {
		return now.Add(fixed), "", nil
	}
	day := calendar.DateOf(now, zone)
	last, err := calendar.China(day).Add(day, d.Count)
	if err != nil {
		return time.Time{}, "", fmt.Errorf("count %s from %s: %w", d, day, err)
	}
	return last.Date.Next(1).Start(zone), last.Version, nil
}
