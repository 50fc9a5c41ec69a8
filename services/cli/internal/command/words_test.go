package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// sets are fields whose comments in the protos list everything that they may
// hold, and what of a person, a case or a gate they speak of.
var sets = []struct{ file, message, field, of string }{
	{"identity/v1/service.proto", "Person", "state", "person"},
	{"identity/v1/events.proto", "PersonDetails", "kind", ""},
	{"identity/v1/service.proto", "PersonAccount", "state", ""},
	{"identity/v1/service.proto", "OperatorAccount", "state", ""},
	{"identity/v1/service.proto", "GetClearanceResponse", "kind", ""},
	{"identity/v1/service.proto", "GetClearanceResponse", "state", "case"},
	{"identity/v1/service.proto", "GetClearanceResponse", "gate", "gate"},
	{"identity/v1/service.proto", "ClearanceItem", "state", ""},
	{"accessrequest/v1/service.proto", "Grant", "state", ""},
	{"accessrequest/v1/service.proto", "OfferedRole", "state", "role"},
	{"accessrequest/v1/events.proto", "GrantIssued", "kind", ""},
	{"approval/v1/service.proto", "StepView", "state", "step"},
	{"audit/v1/service.proto", "ExplainAccessResponse", "state", ""},
	{"provisioning/v1/service.proto", "Order", "operation", ""},
	{"provisioning/v1/service.proto", "Order", "state", ""},
}

var listed = regexp.MustCompile(`^[a-z_]+$`)

// options reads the list at the beginning of a field's comment.
func options(t *testing.T, file, message, field string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../../proto/ostiary", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(text), "\nmessage "+message+" {\n")
	if !ok {
		t.Fatalf("%s has no %s", file, message)
	}
	body, _, _ = strings.Cut(body, "\n}\n")
	var comment string
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "//"); ok {
			comment += text
			continue
		}
		if strings.HasPrefix(line, "string "+field+" =") {
			break
		}
		comment = ""
	}
	comment, _, _ = strings.Cut(comment, ";")
	comment, _, _ = strings.Cut(comment, ".")
	return strings.Split(strings.ReplaceAll(strings.TrimSpace(comment), " or ", ", "), ", ")
}

// Whatever a state or kind may be, people read it in their language; a new one
// in the protos needs its words.
func TestStatesAndKindsAreSaidInWords(t *testing.T) {
	t.Parallel()
	zh := &app{printer: &output.Printer{Chinese: true}}
	en := &app{printer: &output.Printer{}}
	for _, set := range sets {
		options := options(t, set.file, set.message, set.field)
		if len(options) < 2 {
			t.Fatalf("%s.%s: the comment lists nothing: %q", set.message, set.field, options)
		}
		said := map[string]string{}
		for _, option := range options {
			if !listed.MatchString(option) {
				t.Fatalf("%s.%s: %q is no option", set.message, set.field, option)
			}
			word := zh.word(option, set.of)
			if !han(word) {
				t.Errorf("%s.%s: %s is %q in Chinese", set.message, set.field, option, word)
			}
			if other, taken := said[word]; taken {
				t.Errorf("%s.%s: %s and %s are both %s", set.message, set.field, option, other, word)
			}
			said[word] = option
			if word := en.word(option, set.of); word == "" || strings.Contains(word, "_") || han(word) {
				t.Errorf("%s.%s: %s is %q in English", set.message, set.field, option, word)
			}
		}
	}
	for _, option := range []string{"withheld", "none", "scheduled", "publishing", "superseded", "initial", "own", "accounts", "grants", "admin_confirmation", "sign_off:研发部"} {
		if !han(zh.word(option)) {
			t.Errorf("%s is %q in Chinese", option, zh.word(option))
		}
	}
}

// What nobody has translated, and what a human wrote, is shown as it is.
func TestUnknownWordsPassUnchanged(t *testing.T) {
	t.Parallel()
	for _, a := range []*app{{printer: &output.Printer{Chinese: true}}, {printer: &output.Printer{}}} {
		for _, s := range []string{"", "something_new", "HR told me on Monday", "done"} {
			if got := a.reason(s); got != s {
				t.Errorf("%q becomes %q", s, got)
			}
		}
		if got := a.word("something_new", "person"); got != "something_new" {
			t.Errorf("something_new becomes %q", got)
		}
	}
}

func TestReasonsAreSaidInWords(t *testing.T) {
	t.Parallel()
	zh := &app{printer: &output.Printer{Chinese: true}}
	for reason, want := range map[string]string{
		"leaver":                         "离职",
		"absent_from_snapshot":           "快照中已无此人",
		"transfer, but holds pay/create": "调岗，但已持有 pay/create",
		"transfer, until the target no longer shows pay/create": "调岗，待目标系统确认收回 pay/create",
		"delayed":                    "等待生效",
		"removal":                    "另一权限已确认收回",
		"remove on orders-db":        "在 orders-db 上移除",
		"hr_change_kind_leaver":      "离职",
		"TARGET_TIMEOUT":             "目标未及时应答 [TARGET_TIMEOUT]",
		"every removal is confirmed": "全部权限均已回读确认收回",
	} {
		if got := zh.reason(reason); got != want {
			t.Errorf("%s is %q, want %q", reason, got, want)
		}
	}
}
