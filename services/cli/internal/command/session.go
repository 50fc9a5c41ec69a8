package command

import (
	"github.com/spf13/cobra"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

func (a *app) session() *cobra.Command {
	c := &cobra.Command{Use: "session", Short: a.printer.Say("登录会话", "sessions"), RunE: a.group}
	c.AddCommand(a.sessionList(), a.sessionEnd())
	return c
}

func (a *app) sessionList() *cobra.Command {
	r := &identityv1.ListSessionsRequest{}
	c := &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出您在何处登录", "list where you are signed in"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			answer, err := identityv1.NewSignInServiceClient(conn).ListSessions(ctx, r)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, s := range answer.GetItems() {
				current := ""
				if s.GetCurrent() {
					current = a.printer.Say("本会话", "this one")
				}
				err := a.printer.Message(s, func() {
					rows = append(rows, []string{s.GetSessionId(), s.GetAccount(), a.local(s.GetSince()), a.local(s.GetExpiresAt()), current})
				})
				if err != nil {
					return err
				}
			}
			switch {
			case a.printer.JSON:
			case len(rows) == 0:
				a.printer.Line("没有会话。", "No sessions.")
			default:
				a.printer.Table([]string{
					a.printer.Say("会话", "SESSION"), a.printer.Say("账号", "ACCOUNT"), a.timed("自", "SINCE"), a.timed("至", "UNTIL"), "",
				}, rows)
			}
			return nil
		},
	}
	c.Flags().StringVar(&r.Account, "account", "", a.printer.Say("某账号的会话（admin、hr）", "those of an account (admin, hr)"))
	return c
}

func (a *app) sessionEnd() *cobra.Command {
	return a.writing(&cobra.Command{
		Use:   "end SESSION",
		Short: a.printer.Say("结束会话，一秒内各处拒绝", "end a session; it is refused everywhere within a second"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewSignInServiceClient(conn).EndSession(ctx, &identityv1.EndSessionRequest{SessionId: args[0]})
			if err != nil {
				return err
			}
			if err := a.printer.Message(r, func() { a.printer.Line("已结束：%s", "Ended: %s", args[0]) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"identity", r.GetPosition(), a.commandID})
		},
	})
}
