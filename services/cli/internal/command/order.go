package command

import (
	"github.com/spf13/cobra"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

func (a *app) order() *cobra.Command {
	c := &cobra.Command{Use: "order", Short: a.printer.Say("指令", "orders to targets"), RunE: a.group}
	c.AddCommand(a.orderList())
	return c
}

func (a *app) orderList() *cobra.Command {
	request := &provisioningv1.ListOrdersRequest{}
	c := &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出对目标系统的指令，未完成的在前", "list what targets were told to do, what is open first"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := provisioningv1.NewProvisioningServiceClient(conn).ListOrders(ctx, request)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, o := range r.GetItems() {
				if err := a.printer.Message(o, func() { rows = append(rows, a.orderRow(o)) }); err != nil {
					return err
				}
			}
			if a.printer.JSON {
				return nil
			}
			a.printer.Line("共 %d 条，未完成 %d，其中失败 %d", "%d orders, %d open, %d of them failing", r.GetTotal(), r.GetOpen(), r.GetFailing())
			if len(rows) > 0 {
				a.printer.Table([]string{
					a.timed("下达于", "ORDERED"), a.printer.Say("目标", "TARGET"), a.printer.Say("账号", "ACCOUNT"), a.printer.Say("操作", "OPERATION"),
					a.printer.Say("角色", "ROLE"), a.printer.Say("状态", "STATE"), a.printer.Say("原因", "REASON"), a.printer.Say("说明", "MESSAGE"),
				}, rows)
			}
			return nil
		},
	}
	c.Flags().StringVar(&request.EmployeeNumber, "person", "", a.printer.Say("工号", "employee number"))
	c.Flags().StringVar(&request.Target, "target", "", a.printer.Say("目标系统", "target"))
	c.Flags().BoolVar(&request.Open, "open", false, a.printer.Say("只看未完成的", "only what is still to be carried out"))
	c.Flags().Int32Var(&request.Limit, "limit", 0, a.printer.Say("最多条数（默认 500）", "at most so many (default 500)"))
	return c
}

func (a *app) orderRow(o *provisioningv1.Order) []string {
	return []string{
		a.local(o.GetOrderedAt()), o.GetTarget(), o.GetAccount(), a.word(o.GetOperation()), o.GetApplication() + "/" + o.GetRole(),
		a.word(o.GetState()), a.reason(o.GetReason()), o.GetMessage(),
	}
}
