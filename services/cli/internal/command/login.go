package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/cli/internal/session"
)

// What identity says about passwords, in the words of the command line.
var (
	// errChangeRequired: the initial password must be replaced before it admits
	// anybody.
	errChangeRequired = fault.New(fault.Refused, "PASSWORD_CHANGE_REQUIRED",
		"The initial password must be changed: repeat with --new-password-stdin and give the new password as the second line.",
		"初始口令必须修改：请加上 --new-password-stdin 重新执行，并在第二行给出新口令。")
	// errExpired: the password has served too long.
	errExpired = fault.New(fault.Refused, "PASSWORD_EXPIRED",
		"This password has served too long: repeat with --new-password-stdin and give the new password as the second line.",
		"口令已超过使用期限：请加上 --new-password-stdin 重新执行，并在第二行给出新口令。")
	// errTooWeak and errUnchanged: another password must be chosen.
	errTooWeak   = fault.New(fault.Refused, "PASSWORD_TOO_WEAK", "", "")
	errUnchanged = fault.New(fault.Refused, "PASSWORD_UNCHANGED", "", "")
)

func (a *app) login() *cobra.Command {
	var user string
	var fromStdin, newFromStdin bool
	c := &cobra.Command{
		Use:   "login --user USER",
		Short: a.printer.Say("登录", "sign in"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if user == "" {
				return a.misused("缺少 --user", "--user is missing")
			}
			conn, err := a.dial()
			if err != nil {
				return err
			}
			secrets := a.secrets(fromStdin || newFromStdin)
			devices, err := session.LoadDevices(a.io.Env)
			if err != nil {
				return err
			}
			request := &identityv1.SignInRequest{User: user, Device: devices[conn.Target()][user]}
			if request.Password, err = secrets.next(c.Context(), a.printer.Say("口令", "Password")); err != nil {
				return err
			}
			if newFromStdin {
				if request.NewPassword, err = secrets.chosen(c.Context()); err != nil {
					return err
				}
			}
			r, err := a.signIn(c.Context(), identityv1.NewSignInServiceClient(conn), request, secrets, fromStdin)
			if err != nil {
				return err
			}
			if err := session.Save(a.io.Env, session.File{Address: conn.Target(), Account: r.GetAccount(), Session: r.GetSession()}); err != nil {
				return err
			}
			if err := devices.Keep(a.io.Env, conn.Target(), r.GetAccount(), r.GetDevice()); err != nil {
				return err
			}
			// The secrets of the session stay in their files.
			r.AccessToken, r.Session, r.Device = "", "", ""
			return a.printer.Message(r, func() {
				if len(r.GetRoles()) == 0 {
					a.printer.Line("已登录：%s", "Signed in: %s", r.GetAccount())
					return
				}
				a.printer.Line("已登录：%s（%s）", "Signed in: %s (%s)", r.GetAccount(), strings.Join(r.GetRoles(), ", "))
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", a.printer.Say("账号", "account"))
	c.Flags().BoolVar(&fromStdin, "password-stdin", false, a.printer.Say("从标准输入读取口令", "read the password from standard input"))
	c.Flags().BoolVar(&newFromStdin, "new-password-stdin", false, a.printer.Say("从标准输入第二行读取新口令", "read the new password from the second line of standard input"))
	return c
}

// signIn signs in. Where an initial password must be replaced it asks for the
// new one, and at the keyboard asks again for one that is not good enough. With
// --password-stdin nothing was announced but the password: nothing else is read.
func (a *app) signIn(ctx context.Context, client identityv1.SignInServiceClient, request *identityv1.SignInRequest, secrets *secrets, onlyPassword bool,
) (*identityv1.SignInResponse, error) {
	for {
		r, err := client.SignIn(ctx, request)
		switch {
		case errors.Is(err, errChangeRequired) && onlyPassword:
			return nil, errChangeRequired
		case errors.Is(err, errChangeRequired):
			fmt.Fprintln(a.io.Err, a.printer.Say("初始口令必须修改。", "The initial password must be changed."))
		case errors.Is(err, errExpired) && onlyPassword:
			return nil, errExpired
		case errors.Is(err, errExpired):
			fmt.Fprintln(a.io.Err, a.printer.Say("口令已超过使用期限，请设置新口令。", "This password has served too long; choose a new one."))
		case secrets.keyboard != nil && (errors.Is(err, errTooWeak) || errors.Is(err, errUnchanged)):
			a.printer.Refuse(err)
		default:
			return r, err
		}
		if request.NewPassword, err = secrets.chosen(ctx); err != nil {
			return nil, err
		}
	}
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
