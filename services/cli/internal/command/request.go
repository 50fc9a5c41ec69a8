package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

func (a *app) request() *cobra.Command {
	c := &cobra.Command{Use: "request", Short: a.printer.Say("权限申请", "requests"), RunE: a.group}
	c.AddCommand(a.requestCreate(), a.requestShow(), a.requestList(), a.requestWithdraw(), a.requestRoles())
	return c
}

func (a *app) requestCreate() *cobra.Command {
	r := &accessv1.SubmitRequestRequest{}
	var from, until string
	c := &cobra.Command{
		Use:   "create --application A --role R --until DATE --reason TEXT",
		Short: a.printer.Say("申请角色；先显示由谁签批、何时到期", "ask for a role; says who signs and until when"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if r.GetApplication() == "" || r.GetRole() == "" || until == "" || strings.TrimSpace(r.GetReason()) == "" {
				return a.misused("请给出 --application、--role、--until 与 --reason", "give --application, --role, --until and --reason")
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
			answer, err := accessv1.NewAccessRequestServiceClient(conn).SubmitRequest(ctx, r)
			if err != nil {
				return err
			}
			if err := a.printer.Message(answer, func() { a.showSubmitted(answer) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"access-request", answer.GetPosition(), a.commandID})
		},
	}
	c.Flags().StringVar(&r.Application, "application", "", a.printer.Say("应用（必填）", "application (required)"))
	c.Flags().StringVar(&r.Role, "role", "", a.printer.Say("角色（必填）", "role (required)"))
	c.Flags().StringVar(&r.EmployeeNumber, "for", "", a.printer.Say("为谁申请（工号，默认本人）", "for whom, an employee number (default: yourself)"))
	c.Flags().StringVar(&from, "from", "", a.printer.Say("首日（默认批准即生效）", "first day (default: from the decision on)"))
	c.Flags().StringVar(&until, "until", "", a.printer.Say("末日，含当日（必填）", "last day, inclusive (required)"))
	c.Flags().StringVar(&r.Reason, "reason", "", a.printer.Say("用途（必填）", "what it is needed for (required)"))
	c.Flags().BoolVar(&r.DryRun, "dry-run", false, a.printer.Say("只看由谁签批，不提交", "only say who would sign"))
	return a.writing(c)
}

func (a *app) showSubmitted(r *accessv1.SubmitRequestResponse) {
	switch {
	case r.GetRequestId() == "":
		a.printer.Line("未提交。将由以下人员签批：", "Not submitted. These would sign:")
	case len(r.GetSigners()) == 0:
		a.printer.Line("已提交 %s；审批稍后建立：ostiary request show %s", "Submitted %s; its case comes later: ostiary request show %s", r.GetNumber(), r.GetNumber())
	default:
		a.printer.Line("已提交 %s，审批 %s", "Submitted %s, case %s", r.GetNumber(), r.GetCaseId())
	}
	if r.GetRenews() != "" {
		a.printer.Line("延长已有授权 %s", "It renews the grant %s", r.GetRenews())
	}
	if len(r.GetSigners()) > 0 {
		a.showSteps(r.GetSigners())
	}
}

func (a *app) requestShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show REQUEST",
		Short: a.printer.Say("显示申请（编号如 AR-2026-000123）", "show a request, by number such as AR-2026-000123"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := accessv1.NewAccessRequestServiceClient(conn).GetRequest(ctx, &accessv1.GetRequestRequest{Request: args[0]})
			if err != nil {
				return err
			}
			q := r.GetRequest()
			return a.printer.Message(q, func() {
				var rows [][]string
				for _, row := range [][]string{
					{a.printer.Say("编号", "Number"), q.GetNumber()},
					{a.printer.Say("状态", "State"), a.word(q.GetState(), "request")},
					{a.printer.Say("结果", "Outcome"), a.reason(q.GetOutcome())},
					{a.printer.Say("说明", "Detail"), q.GetDetail()},
					{a.printer.Say("申请人", "Requester"), q.GetRequester()},
					{a.printer.Say("受益人", "For"), q.GetEmployeeNumber()},
					{a.printer.Say("角色", "Role"), q.GetApplication() + "/" + q.GetRole()},
					{a.printer.Say("用途", "Reason"), q.GetReason()},
					{a.timed("自", "From"), a.local(q.GetValidFrom())},
					{a.timed("至", "Until"), a.local(q.GetValidUntil())},
					{a.timed("推迟至", "Postponed until"), a.local(q.GetPostponedUntil())},
					{a.timed("生效于", "Begins"), a.local(q.GetBeginsAt())},
					{a.printer.Say("审批", "Case"), q.GetCaseId()},
					{a.printer.Say("授权", "Grant"), q.GetGrantId()},
				} {
					if row[1] != "" {
						rows = append(rows, row)
					}
				}
				a.printer.Table(nil, rows)
			})
		},
	}
}

func (a *app) requestList() *cobra.Command {
	r := &accessv1.ListRequestsRequest{}
	var all bool
	c := &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出本人提出或为本人提出的申请", "list the requests by and for you"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if all || r.GetEmployeeNumber() != "" {
				r.Scope = "all"
			}
			rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*accessv1.Request, string, error) {
				answer, err := accessv1.NewAccessRequestServiceClient(conn).ListRequests(ctx, r)
				r.After = answer.GetNext()
				return answer.GetItems(), answer.GetNext(), err
			}, func(q *accessv1.Request) []string {
				return []string{
					q.GetNumber(), q.GetEmployeeNumber(), q.GetApplication() + "/" + q.GetRole(), a.word(q.GetState(), "request"),
					a.local(q.GetValidUntil()), q.GetRequester(), q.GetCaseId(),
				}
			})
			if err != nil || a.printer.JSON {
				return err
			}
			if len(rows) == 0 {
				a.printer.Line("没有申请。", "No requests.")
				return nil
			}
			a.printer.Table([]string{
				a.printer.Say("编号", "NUMBER"), a.printer.Say("受益人", "FOR"), a.printer.Say("角色", "ROLE"), a.printer.Say("状态", "STATE"),
				a.timed("至", "UNTIL"), a.printer.Say("申请人", "REQUESTER"), a.printer.Say("审批", "CASE"),
			}, rows)
			return nil
		},
	}
	c.Flags().BoolVar(&all, "all", false, a.printer.Say("所有人的申请（access-admin、hr、auditor）", "those of everybody (access-admin, hr, auditor)"))
	c.Flags().StringVar(&r.EmployeeNumber, "person", "", a.printer.Say("某人的申请（工号）", "those for an employee number"))
	c.Flags().BoolVar(&r.Open, "open", false, a.printer.Say("只看未决的", "only those that are not decided"))
	return c
}

func (a *app) requestWithdraw() *cobra.Command {
	return a.writing(&cobra.Command{
		Use:   "withdraw REQUEST",
		Short: a.printer.Say("撤回申请", "take a request back"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := accessv1.NewAccessRequestServiceClient(conn).WithdrawRequest(ctx, &accessv1.WithdrawRequestRequest{Request: args[0]})
			if err != nil {
				return err
			}
			if err := a.printer.Message(r, func() { a.printer.Line("已撤回 %s", "Withdrawn: %s", args[0]) }); err != nil {
				return err
			}
			return a.settle(c.Context(), change{"access-request", r.GetPosition(), a.commandID})
		},
	})
}
