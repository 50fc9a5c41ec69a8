// Package command is the command line: one file per noun, one function per
// verb. A verb reads flags, calls the API and prints the answer; it decides
// nothing.
package command

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/services/cli/internal/output"
	"github.com/ostiary/ostiary/services/cli/internal/session"
)

// IO is the world of one call.
type IO struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	Env func(string) string
	// Zone is in which times are shown before an installation has said where its
	// days begin; the zone of the machine if nil.
	Zone *time.Location
}

// app is what the verbs share.
type app struct {
	io      IO
	printer *output.Printer
	// zone is that of the installation, once it has answered: a day is the same
	// day for everybody who speaks about it, wherever they sit.
	zone      *time.Location
	address   string
	commandID string
	wait      positive
	conn      *grpc.ClientConn
	tokens    *session.Tokens
}

// Run carries out one call and returns its exit code.
func Run(ctx context.Context, args []string, io IO) int {
	lang, given := languageOf(args)
	out := output.NewWriter(io.Out)
	a := &app{
		io: io, zone: cmp.Or(io.Zone, time.Local),
		printer: &output.Printer{Out: out, Err: io.Err, Chinese: chinese(lang, io.Env), JSON: wantsJSON(args)},
	}
	if _, ok := speaks(lang); given && !ok {
		return a.printer.Refuse(a.misused("没有语言 "+lang+"，可选 zh-CN 或 en", "there is no language "+lang+"; it is zh-CN or en"))
	}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(io.In)
	root.SetOut(out)
	root.SetErr(io.Err)
	err := root.ExecuteContext(ctx)
	if a.conn != nil {
		_ = a.conn.Close()
	}
	switch incomplete := out.Failure(); {
	case out.Left():
		return output.Internal // whoever has gone is told nothing
	case incomplete != nil && (err == nil || errors.Is(err, output.ErrHeld)):
		err = incomplete
	}
	if err != nil {
		return a.printer.Refuse(a.addressed(interrupted(ctx, err)))
	}
	return output.Done
}

// interrupted is the error, or that the caller has ended the call if this is
// why it failed.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled) {
		return output.ErrInterrupted
	}
	return err
}

func (a *app) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:           "ostiary",
		Short:         a.printer.Say("司阍：谁可以进入哪里，从何时到何时，为什么，由谁签字", "Ostiary: who may enter what, since when, until when, why, and by whose signature"),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.commandID != "" {
				id, err := uuid.Parse(a.commandID)
				if err != nil {
					return a.misused("--command-id 须为 UUID", "--command-id must be a UUID")
				}
				a.commandID = id.String()
			}
			return nil
		},
		RunE: a.bare(&version),
		// Otherwise cobra refuses an unknown command in words of its own.
		Args: cobra.ArbitraryArgs,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.address, "addr", "", a.printer.Say("服务地址（默认 OSTIARY_ADDR 或 ", "address (default OSTIARY_ADDR or ")+defaultAddress+")")
	flags.String("lang", "", a.printer.Say("语言：zh-CN 或 en（默认 OSTIARY_LANG 或终端的语言）", "language: zh-CN or en (default OSTIARY_LANG or that of the terminal)"))
	flags.BoolVar(&a.printer.JSON, "json", a.printer.JSON, a.printer.Say("输出 JSON", "print JSON"))
	root.Flags().BoolVar(&version, "version", false, a.printer.Say("显示版本", "show the version"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return a.misusedFlag(err) })
	root.AddCommand(
		a.login(), a.logout(), a.hr(), a.policy(), a.person(), a.access(), a.clearance(), a.credential(),
		a.operator(), a.client(), a.history(), a.order(), a.status(), a.inbox(), a.projection(), a.audit(), a.version(),
		a.request(), a.approvals(), a.delegate(), a.clock(), a.session(),
	)
	root.AddCommand(a.decisions()...)
	a.help(root)
	forEach(root, func(c *cobra.Command) {
		if args := c.Args; args != nil {
			c.Args = func(c *cobra.Command, given []string) error {
				if args(c, given) != nil {
					return a.misusedArguments(c, given)
				}
				return nil
			}
		}
	})
	return root
}

// group is the action of a command that only has verbs below it.
func (a *app) group(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	refusal := output.ErrUsage.With("problem", a.printer.Say("没有命令 ", "there is no command ")+args[0]).With("usage", c.CommandPath()+" --help")
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		refusal = refusal.With("did_you_mean", strings.Join(near, ", "))
	}
	return refusal
}

func forEach(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, child := range c.Commands() {
		forEach(child, do)
	}
}

// writing adds the flags of a command that writes. Everything that follows from
// the command names its id.
func (a *app) writing(c *cobra.Command) *cobra.Command {
	c.PreRunE = func(*cobra.Command, []string) error {
		if a.commandID != "" {
			return nil
		}
		id, err := uuid.NewV7()
		a.commandID = id.String()
		return err
	}
	c.Flags().StringVar(&a.commandID, "command-id", "", a.printer.Say("命令编号（UUID）；重复提交同一编号无副作用", "UUID of the command; repeating it is harmless"))
	c.Flags().Var(&a.wait, "wait", a.printer.Say("等待全部后果确认，最多这么久，例如 60s 或 5m", "return when the consequences are confirmed, at most after this time, such as 60s or 5m"))
	return c
}
