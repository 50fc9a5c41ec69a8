package command

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"unicode"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// in calls the command line in a language, whatever the environment says.
func (s *server) in(t *testing.T, lang string, args ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	code := Run(t.Context(), args, IO{In: strings.NewReader(""), Out: &out, Err: &errs, Env: s.environment(lang)})
	return said{code: code, out: out.String(), err: errs.String()}
}

func han(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// Whoever mistypes is told what was wrong and what to write, each in the own
// language.
func TestWhatIsWrongIsSaidInBothLanguages(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct {
		args []string
		en   string
	}{
		"duration":       {importing(t, "--wait", "soon"), "give a time such as 60s or 5m"},
		"no duration":    {importing(t, "--wait", "0s"), "give a time such as 60s or 5m"},
		"number":         {[]string{"order", "list", "--limit", "many"}, "give a whole number"},
		"flag":           {[]string{"access", "list", "--persn", "E1"}, "--persn"},
		"flag, short":    {[]string{"status", "-x"}, "-x"},
		"value":          {[]string{"access", "list", "--person"}, "--person needs a value"},
		"selection":      {[]string{"access", "list", "--person", "E1", "--role", "a/b"}, "--person or --role"},
		"why":            {[]string{"access", "why", "--person", "E1"}, "give a --role"},
		"history":        {[]string{"history"}, "--person or --stream"},
		"map":            {[]string{"hr", "import", "x.csv"}, "--map is missing"},
		"no file":        {[]string{"hr", "import", "x.csv", "--map", "nowhere.yaml"}, "no such file"},
		"no pack":        {[]string{"policy", "apply", "nowhere.yaml"}, "no such file"},
		"too few":        {[]string{"person", "show"}, "no argument was given"},
		"too many":       {[]string{"person", "show", "E1", "E2"}, "E1 E2"},
		"command":        {[]string{"statsu"}, "statsu"},
		"sub-command":    {[]string{"hr", "imprt"}, "imprt"},
		"position":       {[]string{"inbox", "show", "identity", "policy", "seven"}, "seven"},
		"time":           {[]string{"access", "list", "--person", "E1", "--at", "soon"}, "YYYY-MM-DD"},
		"command id":     {[]string{"clearance", "record", "E1", "grants", "--command-id", "7"}, "UUID"},
		"user":           {[]string{"login"}, "--user is missing"},
		"standard input": {[]string{"login", "--user", "x", "--password-stdin"}, "standard input"},
	} {
		en, zh := s.in(t, "en", c.args...), s.in(t, "zh-CN", c.args...)
		if en.code != output.Usage || zh.code != output.Usage {
			t.Errorf("%s: exit %d and %d, want %d", name, en.code, zh.code, output.Usage)
		}
		if !strings.Contains(en.err, c.en) || han(en.err) {
			t.Errorf("%s: %q is missing, or is not in English:\n%s", name, c.en, en.err)
		}
		for line := range strings.Lines(zh.err) {
			if label, _, ok := strings.Cut(line, "："); !han(line) || !ok && strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "  ") && !han(label) {
				t.Errorf("%s: not in Chinese: %s", name, line)
			}
		}
	}
}

// The language holds for help as well, wherever it stands, and goes before the
// environment; a language that we do not speak is refused by name.
func TestLanguageIsChosenBeforeAnythingIsSaid(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, args := range [][]string{
		{"--lang", "en", "--help"}, {"--help", "--lang=en"}, {"hr", "--lang", "en", "import", "--help"}, {"--lang=EN", "help", "status"}, {"--lang", "en_US"},
	} {
		if r := s.in(t, "zh-CN", args...); r.code != output.Done || han(r.out) || !strings.Contains(r.out, "Usage:") {
			t.Errorf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
	}
	for _, args := range [][]string{{"--lang", "zh-CN", "--help"}, {"status", "--help", "--lang=zh"}} {
		r := s.in(t, "en", args...)
		for _, word := range []string{"Usage", "Flags", "help for", "show help", "Available", "for more information"} {
			if strings.Contains(r.out, word) {
				t.Errorf("%v says %q:\n%s", args, word, r.out)
			}
		}
		if r.code != output.Done || !strings.Contains(r.out, "用法：") {
			t.Errorf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
	}
	for _, args := range [][]string{{"--lang", "fr", "--help"}, {"--lang="}, {"status", "--lang", "zhongwen"}} {
		if r := s.in(t, "en", args...); r.code != output.Usage || !strings.Contains(r.err, "zh-CN or en") || r.out != "" {
			t.Errorf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
	}
}

// Whoever cannot reach the server learns which address was tried and what may
// help.
func TestUnreachableNamesTheAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for lang, hint := range map[string]string{"en": "make up", "zh-CN": "make up"} {
		env := func(name string) string {
			return map[string]string{"OSTIARY_ADDR": address, "OSTIARY_TOKEN": "secret", "OSTIARY_LANG": lang}[name]
		}
		var errs bytes.Buffer
		code := Run(t.Context(), []string{"status"}, IO{In: strings.NewReader(""), Out: io.Discard, Err: &errs, Env: env})
		for _, part := range []string{"[UNREACHABLE]", address, hint, "OSTIARY_ADDR"} {
			if code != output.Unavailable || !strings.Contains(errs.String(), part) {
				t.Errorf("exit %d, %q is missing in\n%s", code, part, errs.String())
			}
		}
	}
}
