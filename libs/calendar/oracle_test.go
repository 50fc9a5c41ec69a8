package calendar_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/testkit"
)

// oracle is every working day from 2007 to 2027, one after the other.
func oracle(c *calendar.Calendar) (days []calendar.Date) {
	for d := (calendar.Date{Year: 2007, Month: 1, Day: 1}); d.Year < 2028; d = d.Next(1) {
		if c.Day(d).Working() {
			days = append(days, d)
		}
	}
	return days
}

// A million random deadlines are those that a list of all working days gives.
// The list is read, not counted.
//
// Covers: XCT-010
func TestDaysAgainstAList(t *testing.T) {
	t.Parallel()
	c := calendar.China(calendar.Date{Year: 2026, Month: 11, Day: 25})
	days := oracle(c)
	index := map[calendar.Date]int{}
	for i, d := range days {
		index[d] = i
	}
	before := func(d calendar.Date) int { // how many working days lie before a day
		for {
			if i, ok := index[d]; ok {
				return i
			}
			if d = d.Next(1); d.Year > 2028 {
				return len(days)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 20))
	for range testkit.Count(1_000_000) {
		base := calendar.Date{Year: 2008, Month: 1, Day: 1}.Next(random.IntN(6500))
		n := random.IntN(201) - 100
		want := before(base) + n
		if _, working := index[base]; n > 0 && !working {
			want--
		}
		got, err := c.Add(base, n)
		if err != nil || got.Date != days[want] {
			t.Fatalf("%v%+d is %v, %v; want %v", base, n, got.Date, err, days[want])
		}
	}
}

var hours = calendar.Hours{{From: 9 * time.Hour, To: 12 * time.Hour}, {From: 13*time.Hour + 30*time.Minute, To: 18 * time.Hour}}

// Working hours are those that a clock shows that is looked at every minute.
func TestHoursAgainstAClock(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("Asia/Shanghai", 8*60*60)
	c := calendar.China(calendar.Date{Year: 2026, Month: 11, Day: 25})
	works := func(t time.Time) bool { // in the minute that begins at t
		t = t.In(zone)
		if !c.Day(calendar.DateOf(t, zone)).Working() {
			return false
		}
		minute := time.Duration(t.Hour()*60+t.Minute()) * time.Minute
		for _, s := range hours {
			if minute >= s.From && minute < s.To {
				return true
			}
		}
		return false
	}
	random := rand.New(rand.NewPCG(2, 20))
	for range testkit.Count(10_000) {
		start := time.Date(2026, 1, 1, 0, random.IntN(300*24*60), 0, 0, zone)
		d := random.IntN(40*60) - 20*60
		got, err := c.AddHours(start, time.Duration(d)*time.Minute, hours, zone)
		if err != nil {
			t.Fatal(err)
		}
		want, left := start, d
		for ; left > 0; want = want.Add(time.Minute) {
			if works(want) {
				left--
			}
		}
		for ; left < 0; want = want.Add(-time.Minute) {
			if works(want.Add(-time.Minute)) {
				left++
			}
		}
		for d == 0 && !works(want) {
			want = want.Add(time.Minute)
		}
		if !got.At.Equal(want) {
			t.Fatalf("%v %+d min is %v, want %v", start, d, got.At, want)
		}
	}
}

func TestHoursThatNobodyCanWorkAreRefused(t *testing.T) {
	t.Parallel()
	c := calendar.China(calendar.Date{Year: 2026, Month: 1, Day: 1})
	noon := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for name, h := range map[string]calendar.Hours{
		"none": {}, "backwards": {{From: 12 * time.Hour, To: 9 * time.Hour}}, "empty": {{From: 9 * time.Hour, To: 9 * time.Hour}},
		"overlapping": {{From: 9 * time.Hour, To: 12 * time.Hour}, {From: 11 * time.Hour, To: 18 * time.Hour}}, "over midnight": {{From: 22 * time.Hour, To: 30 * time.Hour}},
		"negative": {{From: -time.Hour, To: time.Hour}},
	} {
		if _, err := c.AddHours(noon, time.Hour, h, time.UTC); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, d := range []time.Duration{10_001 * time.Hour, -10_001 * time.Hour} {
		if _, err := c.AddHours(noon, d, hours, time.UTC); err == nil {
			t.Errorf("%v: accepted", d)
		}
	}
}
