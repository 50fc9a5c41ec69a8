package command

import (
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what a binary knows of itself.
type build struct {
	version, revision, time, goVersion string
	modified                           bool
}

// buildOf reads what the compiler has written into the binary.
func buildOf(info *debug.BuildInfo) build {
	b := build{version: info.Main.Version, goVersion: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.revision = s.Value
		case "vcs.time":
			b.time = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: a.printer.Say("命令行的版本", "the version of the command line"),
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.showVersion() },
	}
}

func (a *app) showVersion() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	b := buildOf(info)
	if a.printer.JSON {
		return a.printer.Object(map[string]any{
			"version": b.version, "revision": b.revision, "time": b.time, "modified": b.modified, "go": b.goVersion,
		})
	}
	a.printer.Line("ostiary %s", "ostiary %s", b.version)
	if b.revision != "" {
		changed := ""
		if b.modified {
			changed = a.printer.Say("，另有未提交的修改", ", with changes that are not committed")
		}
		a.printer.Line("提交 %s（%s）%s", "commit %s (%s)%s", b.revision, b.time, changed)
	}
	a.printer.Line("%s", "%s", b.goVersion)
	return a.printer.Failure()
}

// bare is the root without a command: its version or its help.
func (a *app) bare(version *bool) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if *version && len(args) == 0 {
			return a.showVersion()
		}
		return a.group(c, args)
	}
}
