// Package command is the command line: one file per noun, one function per
// verb. A verb reads flags, calls the API and prints the answer; it decides
// nothing.
package command

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/cli/internal/output"
	"github.com/ostiary/ostiary/services/cli/internal/session"
)

const defaultAddress = "127.0.0.1:9090"

// IO is the world of one call.
type IO struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	Env func(string) string
}

// app is what the verbs share.
type app struct {
	io        IO
	printer   *output.Printer
	address   string
	lang      string
	commandID string
	wait      time.Duration
	conn      *grpc.ClientConn
	tokens    *session.Tokens
}

// Run carries out one call and returns its exit code.
func Run(ctx context.Context, args []string, io IO) int {
	a := &app{io: io, printer: &output.Printer{Out: io.Out, Err: io.Err, Chinese: chinese("", io.Env), JSON: wantsJSON(args)}}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(io.In)
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	err := root.ExecuteContext(ctx)
	if a.conn != nil {
		_ = a.conn.Close()
	}
	if err != nil {
		return a.printer.Refuse(interrupted(ctx, err))
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
	root := &cobra.Command{
		Use:           "ostiary",
		Short:         a.printer.Say("司阍：谁可以进入哪里，从何时到何时，为什么，由谁签字", "Ostiary: who may enter what, since when, until when, why, and by whose signature"),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			a.printer.Chinese = chinese(a.lang, a.io.Env)
			if a.commandID != "" {
				id, err := uuid.Parse(a.commandID)
				if err != nil {
					return output.ErrUsage.With("command-id", "not a UUID")
				}
				a.commandID = id.String()
			}
			return nil
		},
		RunE: group,
		// Otherwise cobra refuses an unknown command in words of its own.
		Args: cobra.ArbitraryArgs,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.address, "addr", "", a.printer.Say("服务地址（默认 OSTIARY_ADDR 或 ", "address (default OSTIARY_ADDR or ")+defaultAddress+")")
	flags.StringVar(&a.lang, "lang", "", "zh-CN | en")
	flags.BoolVar(&a.printer.JSON, "json", a.printer.JSON, a.printer.Say("输出 JSON", "print JSON"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return output.ErrUsage.With("problem", err.Error()) })
	root.AddCommand(
		a.login(), a.logout(), a.hr(), a.policy(), a.person(), a.access(), a.clearance(), a.credential(),
		a.operator(), a.client(), a.history(), a.order(), a.status(), a.inbox(), a.projection(), a.audit(),
	)
	forEach(root, func(c *cobra.Command) {
		if args := c.Args; args != nil {
			c.Args = func(c *cobra.Command, given []string) error {
				if err := args(c, given); err != nil {
					return output.ErrUsage.With("problem", err.Error()).With("usage", c.UseLine())
				}
				return nil
			}
		}
	})
	return root
}

// group is the action of a command that only has verbs below it.
func group(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	refusal := output.ErrUsage.With("problem", "unknown command "+args[0]).With("usage", c.CommandPath()+" --help")
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		refusal = refusal.With("did you mean", strings.Join(near, ", "))
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
	c.Flags().DurationVar(&a.wait, "wait", 0, a.printer.Say("等待全部后果确认的时间", "return when the consequences are confirmed, at most after this long"))
	return c
}

// dial connects without signing in.
func (a *app) dial() (*grpc.ClientConn, error) {
	if a.conn != nil {
		return a.conn, nil
	}
	address := a.address
	if address == "" {
		address = a.io.Env("OSTIARY_ADDR")
	}
	if address == "" {
		address = defaultAddress
	}
	secure := credentials.NewTLS(nil)
	if loopback(address) {
		secure = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient(address, append(grpckit.ClientInterceptors(nil), grpc.WithTransportCredentials(secure))...)
	if err != nil {
		return nil, output.ErrUsage.With("addr", err.Error())
	}
	a.conn = conn
	return conn, nil
}

// signedIn connects and returns a context that carries the session.
func (a *app) signedIn(ctx context.Context) (context.Context, *grpc.ClientConn, error) {
	if a.tokens == nil {
		f, err := session.Load(a.io.Env)
		if err != nil {
			return nil, nil, err
		}
		if a.address == "" && a.io.Env("OSTIARY_ADDR") == "" {
			a.address = f.Address
		}
		a.tokens = &session.Tokens{Secret: f.Session}
	}
	conn, err := a.dial()
	if err != nil {
		return nil, nil, err
	}
	ctx, err = a.tokens.Attach(ctx, conn, clock.System{}.Now())
	if err != nil {
		return nil, nil, err
	}
	if a.commandID != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "command-id", a.commandID)
	}
	return ctx, conn, nil
}

// loopback tells whether an address stays on this machine; only there does the
// command line speak without TLS.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// chinese is true unless English was asked for: most readers are Chinese.
func chinese(lang string, env func(string) string) bool {
	for _, l := range []string{lang, env("OSTIARY_LANG"), env("LC_ALL"), env("LANG")} {
		switch {
		case strings.HasPrefix(l, "zh"):
			return true
		case strings.HasPrefix(l, "en"):
			return false
		}
	}
	return true
}

// wantsJSON looks for --json before the flags are parsed, so that even a
// misspelt command line is refused in the form that was asked for.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--json", "--json=true":
			return true
		case "--":
			return false
		}
	}
	return false
}
