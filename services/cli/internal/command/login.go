package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/cli/internal/output"
	"github.com/ostiary/ostiary/services/cli/internal/session"
)

// errChangeRequired mirrors identity's refusal: the initial password must be
// replaced before it admits anybody.
var errChangeRequired = fault.New(fault.Refused, "PASSWORD_CHANGE_REQUIRED", "", "")

func (a *app) login() *cobra.Command {
	var user string
	var fromStdin, newFromStdin bool
	c := &cobra.Command{
		Use:   "login --user USER",
		Short: a.printer.Say("登录", "sign in"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if user == "" {
				return output.ErrUsage.With("problem", "--user is missing")
			}
			secrets := a.secrets(fromStdin || newFromStdin)
			password, err := secrets(a.printer.Say("口令", "Password"))
			if err != nil {
				return err
			}
			request := &identityv1.SignInRequest{User: user, Password: password}
			if newFromStdin {
				if request.NewPassword, err = secrets(a.printer.Say("新口令", "New password")); err != nil {
					return err
				}
			}
			conn, err := a.dial()
			if err != nil {
				return err
			}
			client := identityv1.NewSignInServiceClient(conn)
			r, err := client.SignIn(c.Context(), request)
			if errors.Is(err, errChangeRequired) && !fromStdin {
				fmt.Fprintln(a.io.Err, a.printer.Say("初始口令必须修改。", "The initial password must be changed."))
				if request.NewPassword, err = secrets(a.printer.Say("新口令", "New password")); err != nil {
					return err
				}
				r, err = client.SignIn(c.Context(), request)
			}
			if err != nil {
				return err
			}
			if err := session.Save(a.io.Env, session.File{Address: conn.Target(), Account: r.GetAccount(), Session: r.GetSession()}); err != nil {
				return err
			}
			// The secrets of the session stay in its file.
			r.AccessToken, r.Session = "", ""
			return a.printer.Message(r, func() {
				a.printer.Line("已登录：%s（%s）", "Signed in: %s (%s)", r.GetAccount(), strings.Join(r.GetRoles(), ", "))
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", a.printer.Say("账号", "account"))
	c.Flags().BoolVar(&fromStdin, "password-stdin", false, a.printer.Say("从标准输入读取口令", "read the password from standard input"))
	c.Flags().BoolVar(&newFromStdin, "new-password-stdin", false, a.printer.Say("从标准输入第二行读取新口令", "read the new password from the second line of standard input"))
	return c
}

func (a *app) logout() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: a.printer.Say("退出", "sign out"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewSignInServiceClient(conn).EndSession(ctx, &identityv1.EndSessionRequest{})
			if err != nil {
				return err
			}
			if err := session.Forget(a.io.Env); err != nil {
				return err
			}
			return a.printer.Message(r, func() { a.printer.Line("已退出。", "Signed out.") })
		},
	}
}

// secrets reads one secret after another: lines of standard input, or the
// terminal without echo.
func (a *app) secrets(stdin bool) func(prompt string) (string, error) {
	lines := bufio.NewReader(a.io.In)
	return func(prompt string) (string, error) {
		if f, ok := a.io.In.(*os.File); ok && !stdin && term.IsTerminal(int(f.Fd())) {
			fmt.Fprintf(a.io.Err, "%s: ", prompt)
			b, err := term.ReadPassword(int(f.Fd()))
			fmt.Fprintln(a.io.Err)
			return string(b), err
		}
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return "", output.ErrUsage.With("problem", "a password is missing on standard input")
		}
		return line, nil
	}
}
