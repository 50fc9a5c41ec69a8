package pack

import (
	"regexp"
	"strconv"
	"time"
)

// Duration is a length of time as policies state it: hours, days, weeks or
// working days. Only the calendar knows how long a working day is.
type Duration struct {
	Count int
	Unit  string // "h", "d", "w" or "wd"
}

var durationForm = regexp.MustCompile(`^([1-9][0-9]{0,4})(h|d|w|wd)$`)

// ParseDuration reads "24h", "365d", "2w" or "2wd".
func ParseDuration(s string) (Duration, bool) {
	m := durationForm.FindStringSubmatch(s)
	if m == nil {
		return Duration{}, false
	}
	n, err := strconv.Atoi(m[1])
	return Duration{Count: n, Unit: m[2]}, err == nil
}

// String is the form that ParseDuration reads; "" if zero.
func (d Duration) String() string {
	if d.IsZero() {
		return ""
	}
	return strconv.Itoa(d.Count) + d.Unit
}

// IsZero tells whether the pack leaves it out.
func (d Duration) IsZero() bool { return d.Count == 0 }

// Fixed is the length in time; false if it counts working days.
func (d Duration) Fixed() (time.Duration, bool) {
	unit, ok := map[string]time.Duration{"": 0, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[d.Unit]
	return time.Duration(d.Count) * unit, ok
}
