package command

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

func (a *app) hrStatus() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: a.printer.Say("各人事数据源接收到何处", "how far each HR source has been taken in"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*identityv1.HrSource, string, error) {
				r, err := identityv1.NewIdentityServiceClient(conn).GetHrFeed(ctx, &identityv1.GetHrFeedRequest{})
				return r.GetItems(), "", err
			}, func(s *identityv1.HrSource) []string {
				known := a.printer.Say("是", "yes")
				if !s.GetKnown() {
					known = a.printer.Say("否", "no")
				}
				return []string{
					s.GetSource(), strconv.FormatInt(s.GetNextSequence(), 10), a.local(s.GetLastAt()), known, a.local(s.GetGapSince()),
					number(int64(s.GetWaiting())), number(int64(s.GetQuarantined())),
				}
			})
			if err != nil || a.printer.JSON {
				return err
			}
			if len(rows) == 0 {
				a.printer.Line("策略包未列出数据源，也没有收到事件。", "The pack names no source, and none has sent anything.")
				return nil
			}
			a.printer.Table([]string{
				a.printer.Say("数据源", "SOURCE"), a.printer.Say("下一序号", "NEXT"), a.timed("最近", "LAST"), a.printer.Say("策略包列出", "IN THE PACK"),
				a.timed("缺号自", "GAP SINCE"), a.printer.Say("等待", "WAITING"), a.printer.Say("隔离", "QUARANTINED"),
			}, rows)
			return nil
		},
	}
}

func (a *app) hrQuarantine() *cobra.Command {
	c := &cobra.Command{Use: "quarantine", Short: a.printer.Say("被隔离的人事事件", "events of HR systems in quarantine"), RunE: a.group}
	c.AddCommand(a.hrQuarantineList(), a.hrQuarantineRetry())
	return c
}

func (a *app) hrQuarantineList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出被隔离的事件及原因", "list quarantined events and why"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			request := &identityv1.ListHrQuarantineRequest{}
			rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*identityv1.QuarantinedHrEvent, string, error) {
				r, err := identityv1.NewIdentityServiceClient(conn).ListHrQuarantine(ctx, request)
				request.After = r.GetNext()
				return r.GetItems(), r.GetNext(), err
			}, func(q *identityv1.QuarantinedHrEvent) []string {
				return []string{
					number(q.GetPosition()), q.GetSource(), number(q.GetSequence()), q.GetVerb(), q.GetSubject(), q.GetReason(),
					a.printer.Say(q.GetMessageZh(), q.GetMessage()),
				}
			})
			if err != nil || a.printer.JSON {
				return err
			}
			if len(rows) == 0 {
				a.printer.Line("隔离区为空。", "Nothing is in quarantine.")
				return nil
			}
			a.printer.Table([]string{
				a.printer.Say("位置", "POSITION"), a.printer.Say("数据源", "SOURCE"), a.printer.Say("序号", "SEQUENCE"), a.printer.Say("事件", "EVENT"),
				a.printer.Say("关于", "ABOUT"), a.printer.Say("原因", "REASON"), a.printer.Say("处理办法", "WHAT TO DO"),
			}, rows)
			return nil
		},
	}
}

func (a *app) hrQuarantineRetry() *cobra.Command {
	return a.writing(&cobra.Command{
		Use:   "retry POSITION",
		Short: a.printer.Say("重新执行被隔离的事件", "have a quarantined event done again"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			position, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return a.misused("位置须为数字："+args[0], "the position must be a number: "+args[0])
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).RetryHrEvent(ctx, &identityv1.RetryHrEventRequest{Position: position})
			if err != nil {
				return err
			}
			err = a.printer.Message(r, func() {
				if r.GetApplied() {
					a.printer.Line("已执行", "Carried out")
					return
				}
				a.printer.Line("仍被隔离：%s %s", "Still in quarantine: %s %s", r.GetReason(), a.printer.Say(r.GetMessageZh(), r.GetMessage()))
			})
			if err != nil {
				return err
			}
			if !r.GetApplied() {
				return output.ErrHeld
			}
			return a.settle(c.Context(), change{"identity", r.GetPosition(), a.commandID})
		},
	})
}
