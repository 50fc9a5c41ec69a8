package command

import (
	"strings"

	"github.com/spf13/cobra"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

func (a *app) accessSuspend() *cobra.Command {
	r := &accessv1.SuspendGrantRequest{}
	var until string
	c := &cobra.Command{
		Use:   "suspend GRANT --reason TEXT",
		Short: a.printer.Say("停用授权：在目标系统上收回，恢复前不生效", "take a right away for a while; it is gone from the target until it is reinstated"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(r.GetReason()) == "" {
				return a.misused("请给出 --reason", "give --reason")
			}
			var err error
			if r.Until, err = a.lastInstant(c.Context(), until); err != nil {
				return err
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r.GrantId = args[0]
			answer, err := accessv1.NewAccessRequestServiceClient(conn).SuspendGrant(ctx, r)
			if err != nil {
				return err
			}
			if err := a.printer.Message(answer, func() { a.printer.Line("已停用 %s", "Suspended: %s", args[0]) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"access-request", answer.GetPosition(), a.commandID})
		},
	}
	c.Flags().StringVar(&r.Reason, "reason", "", a.printer.Say("理由（必填）", "why (required)"))
	c.Flags().StringVar(&until, "until", "", a.printer.Say("末日，含当日；到期自动恢复（默认由人工恢复）", "last day, inclusive; it comes back by itself then (default: when somebody reinstates it)"))
	return a.writing(c)
}

func (a *app) accessReinstate() *cobra.Command {
	r := &accessv1.ReinstateGrantRequest{}
	c := &cobra.Command{
		Use:   "reinstate GRANT --reason TEXT",
		Short: a.printer.Say("恢复已停用的授权", "give a suspended right back"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(r.GetReason()) == "" {
				return a.misused("请给出 --reason", "give --reason")
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r.GrantId = args[0]
			answer, err := accessv1.NewAccessRequestServiceClient(conn).ReinstateGrant(ctx, r)
			if err != nil {
				return err
			}
			if err := a.printer.Message(answer, func() { a.printer.Line("已恢复 %s", "Reinstated: %s", args[0]) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"access-request", answer.GetPosition(), a.commandID})
		},
	}
	c.Flags().StringVar(&r.Reason, "reason", "", a.printer.Say("理由（必填）", "why (required)"))
	return a.writing(c)
}
