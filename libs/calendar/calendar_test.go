package calendar_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/ostiary/ostiary/libs/calendar"
)

func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// known is when each calendar of the golden file was the newest.
var known = map[string]string{
	"2015a": "2015-05-12", "2015b": "2015-05-13", "2019a": "2019-03-21", "2019b": "2019-03-22", "2020a": "2020-01-26", "2020b": "2020-01-27",
	"2025": "2025-01-01", "2025+26": "2025-11-04", "2026": "2026-01-01",
}

// Covers: XCT-010
func TestGoldenCases(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/golden.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 10 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		n, err := strconv.Atoi(row[2])
		if err != nil {
			t.Fatal(err)
		}
		got, err := calendar.China(date(t, known[row[0]])).Add(date(t, row[1]), n)
		if err != nil || got.Date.String() != row[3] || got.Provisional {
			t.Errorf("%s: %s%+d is %+v, %v; want %s (%s)", row[0], row[1], n, got, err, row[3], row[4])
		}
	}
}

// A deadline keeps the answer that was right when it was set; the later notice
// gives the new one, under another version.
func TestALaterNoticeGivesASecondAnswer(t *testing.T) {
	t.Parallel()
	before, err := calendar.China(date(t, "2020-01-26")).Add(date(t, "2020-01-22"), 5)
	if err != nil {
		t.Fatal(err)
	}
	after, err := calendar.China(date(t, "2020-01-27")).Add(date(t, "2020-01-22"), 5)
	if err != nil {
		t.Fatal(err)
	}
	if before.Version != "cn@2019-11-21" || after.Version != "cn@2020-01-27" || before.Date == after.Date {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestEveryKindOfDay(t *testing.T) {
	t.Parallel()
	c := calendar.China(date(t, "2026-01-01"))
	for day, want := range map[string]calendar.Day{
		"2026-02-13": {Kind: calendar.Workday},
		"2026-02-14": {Kind: calendar.MakeUp, Name: "春节"},
		"2026-02-17": {Kind: calendar.Holiday, Name: "春节"},
		"2026-03-07": {Kind: calendar.Weekend},
		"2027-10-01": {Kind: calendar.Workday, Provisional: true}, // nobody has said yet that it is a holiday
	} {
		want.Date = date(t, day)
		if got := c.Day(want.Date); got != want {
			t.Errorf("%s is %+v, want %+v", day, got, want)
		}
	}
}

func TestBeyondTheLastNoticeAnswersAreProvisional(t *testing.T) {
	t.Parallel()
	c := calendar.China(date(t, "2026-11-25"))
	if got, err := c.Add(date(t, "2026-12-30"), 1); err != nil || got.Provisional {
		t.Errorf("31 December is %+v, %v", got, err)
	}
	if got, err := c.Add(date(t, "2026-12-30"), 2); err != nil || !got.Provisional || got.Date.String() != "2027-01-01" {
		t.Errorf("the day after is %+v, %v; want a provisional answer", got, err)
	}
	if v := calendar.China(date(t, "1999-01-01")).Version(); v != "cn" {
		t.Errorf("before the first notice the version is %q", v)
	}
}

func TestTheWayToAnAnswerIsShown(t *testing.T) {
	t.Parallel()
	got, days, err := calendar.China(date(t, "2026-01-01")).Working(date(t, "2026-02-13"), 2)
	if err != nil || got.Date.String() != "2026-02-24" {
		t.Fatalf("answer %+v, %v", got, err)
	}
	if len(days) != 11 || days[0].Kind != calendar.MakeUp || days[1].Kind != calendar.Holiday || days[10].Kind != calendar.Workday {
		t.Errorf("the way is %+v", days)
	}
	if _, _, err := calendar.China(date(t, "2026-01-01")).Working(date(t, "2026-02-13"), 10_001); err == nil {
		t.Error("a deadline in forty years was accepted")
	}
}

func TestDatesAreRead(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "2026-2-1", "2026-02-30", "20260201"} {
		if d, err := calendar.ParseDate(bad); err == nil {
			t.Errorf("%q was read as %v", bad, d)
		}
	}
}
