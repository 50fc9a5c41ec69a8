package command

import (
	"github.com/spf13/cobra"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

func (a *app) delegate() *cobra.Command {
	r := &approvalv1.NameDeputyRequest{}
	var from, until string
	c := &cobra.Command{
		Use:   "delegate --to EMPLOYEE --until DATE [--from DATE]",
		Short: a.printer.Say("指定代理人，期间代您签批", "let somebody sign for you for a time"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if r.GetDeputy() == "" || until == "" {
				return a.misused("请给出 --to 与 --until", "give --to and --until")
			}
			var err error
			if r.From, err = a.firstInstant(c.Context(), from); err != nil {
				return err
			}
			if r.Until, err = a.lastInstant(c.Context(), until); err != nil {
				return err
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			answer, err := approvalv1.NewApprovalServiceClient(conn).NameDeputy(ctx, r)
			if err != nil {
				return err
			}
			err = a.printer.Message(answer, func() {
				a.printer.Line("%s 将代您签批：%s", "%s signs for you: %s", r.GetDeputy(), answer.GetDelegationId())
			})
			if err != nil {
				return err
			}
			return a.settle(c.Context(), change{"approval", answer.GetPosition(), a.commandID})
		},
	}
	c.Flags().StringVar(&r.Deputy, "to", "", a.printer.Say("代理人工号（必填）", "employee number of the deputy (required)"))
	c.Flags().StringVar(&from, "from", "", a.printer.Say("首日（默认即刻）", "first day (default: now)"))
	c.Flags().StringVar(&until, "until", "", a.printer.Say("末日，含当日（必填）", "last day, inclusive (required)"))
	c.Flags().StringVar(&r.Reason, "reason", "", a.printer.Say("原因", "why"))
	a.writing(c)
	c.AddCommand(a.delegateList(), a.delegateEnd())
	return c
}

func (a *app) delegateList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出您的代理人和您代理的人", "list who signs for you, and for whom you sign"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := approvalv1.NewApprovalServiceClient(conn).ListDeputies(ctx, &approvalv1.ListDeputiesRequest{})
			if err != nil {
				return err
			}
			var rows [][]string
			for _, d := range r.GetItems() {
				err := a.printer.Message(d, func() {
					rows = append(rows, []string{
						d.GetPrincipal().GetEmployeeNumber(), d.GetDeputy().GetEmployeeNumber(), a.local(d.GetFrom()), a.local(d.GetUntil()), d.GetReason(), d.GetDelegationId(),
					})
				})
				if err != nil {
					return err
				}
			}
			switch {
			case a.printer.JSON:
			case len(rows) == 0:
				a.printer.Line("没有代理。", "No deputies.")
			default:
				a.printer.Table([]string{
					a.printer.Say("被代理人", "FOR"), a.printer.Say("代理人", "DEPUTY"), a.timed("自", "FROM"), a.timed("至", "UNTIL"),
					a.printer.Say("原因", "REASON"), a.printer.Say("代理编号", "DELEGATION"),
				}, rows)
			}
			return nil
		},
	}
}

func (a *app) delegateEnd() *cobra.Command {
	return a.writing(&cobra.Command{
		Use:   "end DELEGATION",
		Short: a.printer.Say("提前结束代理", "end a delegation before its time"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := approvalv1.NewApprovalServiceClient(conn).EndDeputy(ctx, &approvalv1.EndDeputyRequest{DelegationId: args[0]})
			if err != nil {
				return err
			}
			if err := a.printer.Message(r, func() { a.printer.Line("已结束：%s", "Ended: %s", args[0]) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"approval", r.GetPosition(), a.commandID})
		},
	})
}
