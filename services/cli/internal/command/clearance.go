package command

import (
	"github.com/spf13/cobra"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

func (a *app) clearance() *cobra.Command {
	c := &cobra.Command{Use: "clearance", Short: a.printer.Say("离职与调岗会签", "clearance of leavers and movers"), RunE: a.group}
	c.AddCommand(a.clearanceShow(), a.clearanceRecord(), a.clearanceWaive())
	return c
}

func (a *app) clearanceShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show EMPLOYEE",
		Short: a.printer.Say("显示会签与人事放行状态", "show the case and the HR gate"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).GetClearance(ctx, &identityv1.GetClearanceRequest{EmployeeNumber: args[0]})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() {
				a.printer.Line("%s 的%s会签：%s，人事放行：%s", "%s, %s: %s, HR gate %s", r.GetEmployeeNumber(), a.word(r.GetKind()), a.word(r.GetState(), "case"), a.word(r.GetGate(), "gate"))
				var rows [][]string
				for _, i := range r.GetItems() {
					rows = append(rows, []string{a.word(i.GetItem()), a.word(i.GetState()), a.local(i.GetAt()), i.GetActor(), a.reason(i.GetReason())})
				}
				a.printer.Table([]string{
					a.printer.Say("事项", "ITEM"), a.printer.Say("状态", "STATE"), a.timed("完成于", "AT"), a.printer.Say("操作者", "ACTOR"), a.printer.Say("原因", "REASON"),
				}, rows)
			})
		},
	}
}

func (a *app) clearanceRecord() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "record EMPLOYEE ITEM --reason TEXT",
		Short: a.printer.Say("确认一项", "settle an item"),
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).RecordClearance(ctx,
				&identityv1.RecordClearanceRequest{EmployeeNumber: args[0], Item: args[1], Reason: reason})
			if err != nil {
				return err
			}
			if err := a.printer.Message(r, func() { a.printer.Line("已确认：%s", "Settled: %s", args[1]) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"identity", r.GetPosition(), a.commandID})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", a.printer.Say("原因（必填）", "reason (required)"))
	return a.writing(c)
}

func (a *app) clearanceWaive() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "waive EMPLOYEE ITEM --reason TEXT",
		Short: a.printer.Say("豁免一项（列入审计发现）", "waive an item; an audit finding"),
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).WaiveClearance(ctx,
				&identityv1.WaiveClearanceRequest{EmployeeNumber: args[0], Item: args[1], Reason: reason})
			if err != nil {
				return err
			}
			if err := a.printer.Message(r, func() { a.printer.Line("已豁免：%s", "Waived: %s", args[1]) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"identity", r.GetPosition(), a.commandID})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", a.printer.Say("原因（必填）", "reason (required)"))
	return a.writing(c)
}
