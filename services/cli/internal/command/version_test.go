package command

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

func TestVersionSaysWhatWasBuilt(t *testing.T) {
	t.Parallel()
	b := buildOf(&debug.BuildInfo{
		GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "61483fc"}, {Key: "vcs.time", Value: "2026-11-25T04:00:00Z"}, {Key: "vcs.modified", Value: "true"},
		},
	})
	if want := (build{version: "v1.2.3", revision: "61483fc", time: "2026-11-25T04:00:00Z", goVersion: "go1.26.0", modified: true}); b != want {
		t.Errorf("%+v, want %+v", b, want)
	}
	s := start(t)
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if r := s.in(t, "zh-CN", args...); r.code != output.Done || !strings.Contains(r.out, runtime.Version()) {
			t.Errorf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
		var fields map[string]any
		r := s.in(t, "en", append(args, "--json")...)
		if err := json.Unmarshal([]byte(r.out), &fields); err != nil || fields["go"] != runtime.Version() {
			t.Errorf("%v: %v\n%s", args, err, r.out)
		}
	}
	if s.refreshes > 0 {
		t.Error("the server was asked")
	}
}
