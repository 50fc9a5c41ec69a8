package account

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ostiary/ostiary/libs/fault"
)

// The password profiles that a pack may name.
const (
	CNClassic = "cn-classic"
	MLPS3     = "mlps-3"
	NIST80063 = "nist-800-63b"
)

// maxPasswordBytes bounds what is hashed.
const maxPasswordBytes = 256

// ErrPasswordWeak says what the password lacks, in the detail "rule".
var ErrPasswordWeak = fault.New(fault.Refused, "PASSWORD_TOO_WEAK",
	"The new password does not meet the rules; see the detail \"rule\" and choose another.",
	"新口令不符合要求，请按所示规则另选口令。")

// profile is what a password must have.
type profile struct {
	length  int // in characters
	classes int // of lower case, upper case, digits and others
	letters bool
	renewal time.Duration // after which it must be replaced; 0 for never
}

const day = 24 * time.Hour

var profiles = map[string]profile{
	CNClassic: {length: 10, letters: true, renewal: 30 * day},
	MLPS3:     {length: 10, classes: 3, renewal: 90 * day},
	NIST80063: {length: 15},
}

// Renewal is after how long a password must be replaced; 0 for never (IDN-054).
func Renewal(profileName string) time.Duration { return profiles[profileName].renewal }

// ValidProfile tells whether the name is a profile.
func ValidProfile(name string) bool { _, ok := profiles[name]; return ok }

// Acceptable tells whether a holder may choose this password. No profile goes
// below six characters with letters and digits (IDN-053), except the one that
// asks for length instead of composition.
func Acceptable(profileName, account, password string) error {
	p, ok := profiles[profileName]
	if !ok {
		p = profiles[CNClassic]
	}
	lower := strings.ToLower(password)
	letters := strings.ContainsFunc(password, unicode.IsLetter)
	digits := strings.ContainsFunc(password, unicode.IsDigit)
	switch {
	case len(password) > maxPasswordBytes || !utf8.ValidString(password):
		return weak("at most "+strconv.Itoa(maxPasswordBytes)+" bytes of text", "至多 "+strconv.Itoa(maxPasswordBytes)+" 字节的文本")
	case utf8.RuneCountInString(password) < p.length:
		return weak("at least "+strconv.Itoa(p.length)+" characters", "至少 "+strconv.Itoa(p.length)+" 个字符")
	case p.letters && (!letters || !digits):
		return weak("letters and digits", "须同时含有字母与数字")
	case classes(password) < p.classes:
		return weak(strconv.Itoa(p.classes)+" of: lower case, upper case, digits, other characters",
			"小写字母、大写字母、数字、其他字符中至少 "+strconv.Itoa(p.classes)+" 类")
	case account != "" && strings.Contains(lower, strings.ToLower(account)) && len(account) > 3:
		return weak("not the account name", "不能包含账号名")
	case uniform(lower):
		return weak("not one short pattern over and over", "不能是简短内容的重复")
	case common[strings.TrimRightFunc(lower, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsPunct(r) })]:
		return weak("not a word that everybody tries first", "不能是最常被猜测的口令")
	}
	return nil
}

func weak(rule, zh string) error { return ErrPasswordWeak.With("rule", rule).With("rule_zh", zh) }

func classes(password string) int {
	n := 0
	for _, is := range []func(rune) bool{
		unicode.IsLower, unicode.IsUpper, unicode.IsDigit,
		func(r rune) bool { return !unicode.IsLower(r) && !unicode.IsUpper(r) && !unicode.IsDigit(r) },
	} {
		if strings.ContainsFunc(password, is) {
			n++
		}
	}
	return n
}

// uniform tells whether the password repeats a piece of at most three bytes.
func uniform(password string) bool {
	for n := 1; n <= 3; n++ {
		if len(password) > n && strings.Repeat(password[:n], len(password)/n+1)[:len(password)] == password {
			return true
		}
	}
	return false
}

// common are stems that top every list of guesses; digits behind them do not
// help.
var common = map[string]bool{
	"": true, "password": true, "passw0rd": true, "p@ssw0rd": true, "p@ssword": true, "admin": true, "administrator": true,
	"qwerty": true, "qwertyuiop": true, "abc": true, "abcd": true, "abcdef": true, "letmein": true, "welcome": true,
	"iloveyou": true, "woaini": true, "changeme": true, "ostiary": true, "huawei": true, "a": true, "aa": true, "q": true,
	"1qaz2wsx": true, "qazwsx": true, "1q2w3e4r": true, "asdfghjkl": true, "zxcvbnm": true, "root": true, "test": true,
}
