package idnumber

import (
	"strings"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/fault"
)

// Number is a valid identity number.
type Number struct {
	text string // eighteen characters, X in capital
	born calendar.Date
}

// The refusals. None of them repeats the number.
var (
	ErrForm = fault.New(fault.Invalid, "ID_NUMBER_FORM",
		"An identity number has 17 digits and a digit or X, or 15 digits; check for letters and missing digits.",
		"身份证号应为 17 位数字加一位数字或 X，或为 15 位数字；请检查是否有字母或缺位。")
	ErrCheck = fault.New(fault.Invalid, "ID_NUMBER_CHECK",
		"The last character does not fit the others: the number is mistyped; compare it with the document.",
		"校验码不符，号码有误，请与证件核对。")
	ErrBirth = fault.New(fault.Invalid, "ID_NUMBER_BIRTH",
		"The day of birth inside the number does not exist or has not come yet; compare it with the document.",
		"号码中的出生日期不存在或晚于今天，请与证件核对。")
	ErrRegion = fault.New(fault.Invalid, "ID_NUMBER_REGION",
		"The first two digits are no province; compare it with the document.",
		"号码前两位不是有效的省级代码，请与证件核对。")
)

// Parse reads a number as people write it, with spaces around, full-width
// digits or a small x; the older form becomes the newer. A day of birth after
// today is refused.
func Parse(s string, today calendar.Date) (Number, error) {
	text := normalise(s)
	switch {
	case len(text) == 15 && digits(text):
		// Fifteen digits were given to people born in the twentieth century.
		text = text[:6] + "19" + text[6:]
		text += string(check(text))
	case len(text) != 18 || !digits(text[:17]) || text[17] != 'X' && !digits(text[17:]):
		return Number{}, ErrForm
	case text[17] != check(text[:17]):
		return Number{}, ErrCheck
	}
	if !province(text[:2]) {
		return Number{}, ErrRegion
	}
	born, err := calendar.ParseDate(text[6:10] + "-" + text[10:12] + "-" + text[12:14])
	if err != nil || born.Year < 1800 || born.Compare(today) > 0 {
		return Number{}, ErrBirth
	}
	return Number{text, born}, nil
}

// Canonical is the whole number: eighteen characters.
func (n Number) Canonical() string { return n.text }

// String is the number masked: no more than what tells two colleagues' documents
// apart.
func (n Number) String() string { return Mask(n.text) }

// GoString is the mask, too.
func (n Number) GoString() string { return n.String() }

// Mask hides all but the first six and the last character of a number, or all
// of a text that is no number.
func Mask(s string) string {
	if len(s) != 18 {
		return strings.Repeat("*", len([]rune(s)))
	}
	return s[:6] + strings.Repeat("*", 11) + s[17:]
}

// Born is the day of birth.
func (n Number) Born() calendar.Date { return n.born }

// Male tells what the number says of the sex.
func (n Number) Male() bool { return (n.text[16]-'0')%2 == 1 }

// Age is the number of whole years on a day. Who is born on 29 February is a
// year older on 1 March of a year without that day.
func (n Number) Age(on calendar.Date) int {
	years := on.Year - n.born.Year
	if on.Month < n.born.Month || on.Month == n.born.Month && on.Day < n.born.Day {
		years--
	}
	return years
}

// check is the character that ISO 7064 MOD 11-2 puts behind seventeen digits.
func check(digits string) byte {
	sum, weight := 0, 1
	for i := len(digits) - 1; i >= 0; i-- {
		weight = weight * 2 % 11
		sum += int(digits[i]-'0') * weight
	}
	return "10X98765432"[sum%11]
}

// normalise takes away spaces and turns full-width characters and x into those
// of the standard.
func normalise(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == 'x' || r == 'ｘ' || r == 'Ｘ':
			return 'X'
		}
		return r
	}, strings.TrimSpace(s))
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
