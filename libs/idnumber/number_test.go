package idnumber_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/libs/idnumber"
)

var today = calendar.Date{Year: 2026, Month: time.November, Day: 25}

func TestVectors(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/vectors.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 13 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows[1:] {
		n, err := idnumber.Parse(r[0], today)
		switch r[1] {
		case "valid", "valid-prefix":
			if err != nil || n.Canonical() != r[0] {
				t.Errorf("%s (%s): %q, %v", r[0], r[2], n.Canonical(), err)
			}
		case "normalise":
			if err != nil || n.Canonical() != strings.ToUpper(r[0]) {
				t.Errorf("%s (%s): %q, %v", r[0], r[2], n.Canonical(), err)
			}
		case "legacy15":
			if err != nil || n.Canonical() != "11010519491231002X" {
				t.Errorf("%s (%s): %q, %v", r[0], r[2], n.Canonical(), err)
			}
		case "invalid":
			if err == nil {
				t.Errorf("%s (%s): accepted", r[0], r[2])
			}
		default:
			t.Errorf("nobody knows what %q expects", r[1])
		}
	}
}

func TestRefusalsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"": idnumber.ErrForm, "1101051949123100": idnumber.ErrForm, "1101O519491231002X": idnumber.ErrForm, "11010519491231X022": idnumber.ErrForm,
		"110105194912310021": idnumber.ErrCheck, sealed("11010519491331002"): idnumber.ErrBirth, sealed("11010520261126002"): idnumber.ErrBirth,
		sealed("11010517991231002"): idnumber.ErrBirth, sealed("99010519491231002"): idnumber.ErrRegion, "991105491231002": idnumber.ErrRegion,
		"110105491331002": idnumber.ErrBirth, "११०१०५४९१२३१००२": idnumber.ErrForm,
	} {
		_, err := idnumber.Parse(text, today)
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
		if text != "" && err != nil && strings.Contains(err.Error(), text) {
			t.Errorf("the refusal repeats the number: %v", err)
		}
	}
	if _, err := idnumber.Parse(sealed("11010520261125002"), today); err != nil {
		t.Errorf("born today: %v", err)
	}
}

func TestWhatANumberSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{" 11010519491231002x ", "北京市朝阳区 1949-12-31 false"},
		{"４４０５２４１８８００１０１００１４", "广东省汕头市 1880-01-01 true"},
		{"810000199001010019", "香港特别行政区 1990-01-01 true"},
		{sealed("44030920000229004"), "广东省深圳市 2000-02-29 false"}, // a district that the list does not know
		{sealed("65900220000229004"), "新疆维吾尔族自治区直辖县级行政单位 2000-02-29 false"},
		{sealed("83000020000229004"), "台湾省 2000-02-29 false"},
	} {
		n, err := idnumber.Parse(c.text, today)
		if got := fmt.Sprint(n.Region(), " ", n.Born(), " ", n.Male()); err != nil || got != c.want {
			t.Errorf("%q says %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func TestAgeGrowsOnTheBirthday(t *testing.T) {
	t.Parallel()
	leap, err := idnumber.Parse(sealed("11010520000229002"), today)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]int{"2000-02-29": 0, "2018-02-28": 17, "2018-03-01": 18, "2020-02-28": 19, "2020-02-29": 20} {
		on, err := calendar.ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		if got := leap.Age(on); got != want {
			t.Errorf("on %s: %d, want %d", day, got, want)
		}
	}
}

func TestANumberIsPrintedMasked(t *testing.T) {
	t.Parallel()
	n, err := idnumber.Parse("11010519491231002X", today)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%s", "%+v", "%#v", "%q"} {
		if got := fmt.Sprintf(format, n); strings.Contains(got, "1949") || !strings.Contains(got, "110105***********X") {
			t.Errorf("%s prints %s", format, got)
		}
	}
	if got := idnumber.Mask("护照 E1"); got != "*****" {
		t.Errorf("what is no number is shown as %q", got)
	}
}

// One digit mistyped, or two neighbours exchanged, is always noticed.
func TestSlipsAreNoticed(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20261125, 11643))
	for range testkit.Count(100_000) {
		born := today.Next(-r.IntN(40_000))
		right := sealed(fmt.Sprintf("110105%04d%02d%02d%03d", born.Year, born.Month, born.Day, r.IntN(1000)))
		if _, err := idnumber.Parse(right, today); err != nil {
			t.Fatalf("%s: %v", right, err)
		}
		wrong := []byte(right)
		if at := r.IntN(17); r.IntN(2) == 0 {
			wrong[at] = '0' + (wrong[at]-'0'+1+byte(r.IntN(9)))%10
		} else {
			wrong[at], wrong[at+1] = wrong[at+1], wrong[at]
		}
		if n, err := idnumber.Parse(string(wrong), today); err == nil && n.Canonical() != right {
			t.Fatalf("%s mistyped as %s is accepted", right, wrong)
		}
	}
}

// sealed puts the check character behind seventeen digits, by the table of the
// standard and not as the package does.
func sealed(digits string) string {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(digits[i]-'0')
	}
	return digits + []string{"1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"}[sum%11]
}
