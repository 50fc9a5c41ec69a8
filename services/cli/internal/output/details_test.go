package output

import (
	"bytes"
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/fault"
)

// Details are facts for people: a line each, in the reader's language where the
// service said both, the lines of a long one below its name, places of a file
// in their order, and nothing that says nothing.
func TestDetailsAreReadable(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.Invalid, "PACK_INVALID", "Mend it.", "请修改。")
	for key, value := range map[string]string{
		"12:3": "no such role\nno such key", "12:3_zh": "没有此角色\n没有此键", "2:1": "version", "2:1_zh": "版本",
		"employee_number": "E1", "account": "", "unheard_of": "x", "only_zh": "只有中文",
	} {
		refusal = refusal.With(key, value)
	}
	for chinese, want := range map[bool]string{
		false: "Mend it.  [PACK_INVALID]\n  2:1: version\n  12:3:\n    no such role\n    no such key\n  employee number: E1\n  only zh: 只有中文\n  unheard of: x\n",
		true:  "请修改。  [PACK_INVALID]\n  2:1：版本\n  12:3：\n    没有此角色\n    没有此键\n  工号：E1\n  only zh：只有中文\n  unheard of：x\n",
	} {
		var errs bytes.Buffer
		(&Printer{Err: &errs, Chinese: chinese}).Refuse(refusal)
		if errs.String() != want {
			t.Errorf("chinese %v:\n%s\nwant\n%s", chinese, errs.String(), want)
		}
	}
}

// An instant in a refusal is shown by the installation's clocks; a program reads
// it as it came.
func TestInstantsOfARefusalAreShownInTheZone(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.Refused, "REQUEST_PERIOD_TOO_LONG", "Ask for less.", "请缩短。").With("latest", "2027-01-31T16:00:00Z").With("role", "2027")
	for _, c := range []struct {
		printer Printer
		want    string
	}{
		{Printer{Zone: time.FixedZone("", 8*3600)}, "Ask for less.  [REQUEST_PERIOD_TOO_LONG]\n  latest: 2027-02-01 00:00:00 +08:00\n  role: 2027\n"},
		{Printer{Zone: time.FixedZone("", 8*3600), Chinese: true}, "请缩短。  [REQUEST_PERIOD_TOO_LONG]\n  最晚：2027-02-01 00:00:00 +08:00\n  角色：2027\n"},
		{Printer{}, "Ask for less.  [REQUEST_PERIOD_TOO_LONG]\n  latest: 2027-01-31T16:00:00Z\n  role: 2027\n"},
		{Printer{Zone: time.FixedZone("", 8*3600), JSON: true},
			`{"error":{"details":{"latest":"2027-01-31T16:00:00Z","role":"2027"},"message":"Ask for less.","reason":"REQUEST_PERIOD_TOO_LONG"}}` + "\n"},
	} {
		var errs bytes.Buffer
		c.printer.Err = &errs
		c.printer.Refuse(refusal)
		if errs.String() != c.want {
			t.Errorf("shown\n%s\nwant\n%s", errs.String(), c.want)
		}
	}
}
