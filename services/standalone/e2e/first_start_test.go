package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// A newcomer finds in the terminal where to go and the first password, which
// must be changed at once; a second start on the same folder says so.
//
// Covers: IDN-051, IDN-052
func TestFirstStartTellsHowToSignIn(t *testing.T) {
	t.Parallel()
	i := prepare(t, "IDENTITY_BOOTSTRAP_PASSWORD=")
	i.start()
	told := i.told(regexp.MustCompile(`initial password\s+(\S+)`))

	signIn := func(lines ...string) answer {
		args := []string{"login", "--user", "admin", "--password-stdin", "--json"}
		if len(lines) > 1 {
			args = append(args, "--new-password-stdin")
		}
		return i.call(strings.NewReader(strings.Join(lines, "\n")+"\n"), args...)
	}
	if r := signIn(told); r.code != 3 || !strings.Contains(r.err, "PASSWORD_CHANGE_REQUIRED") {
		t.Fatalf("the initial password admitted somebody: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := signIn(told, password); r.code != 0 {
		t.Fatalf("login with a new password: exit %d\n%s", r.code, r.err)
	}
	if r := signIn(told); r.code == 0 {
		t.Error("the initial password still admits somebody")
	}

	second := &installation{t: t, home: i.home, work: i.work, env: i.env}
	if err := second.launch(); err != nil {
		t.Fatal(err)
	}
	<-second.exited
	if code := second.process.ProcessState.ExitCode(); code != 3 || !strings.Contains(second.output.String(), "ALREADY_RUNNING") {
		t.Errorf("a second start: exit %d\n%s", code, second.output)
	}
}

// told waits until the terminal shows what the pattern captures.
func (i *installation) told(pattern *regexp.Regexp) string {
	i.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); pause() {
		if m := pattern.FindStringSubmatch(i.output.String()); m != nil {
			return m[1]
		}
	}
	i.t.Fatalf("the terminal does not show %s\n%s", pattern, i.output)
	return ""
}
