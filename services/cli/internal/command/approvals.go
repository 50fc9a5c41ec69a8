package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

func (a *app) approvals() *cobra.Command {
	c := &cobra.Command{Use: "approvals", Short: a.printer.Say("审批", "approval cases"), RunE: a.group}
	c.AddCommand(a.approvalsList(), a.approvalsShow())
	return c
}

func (a *app) approvalsList() *cobra.Command {
	r := &approvalv1.ListApprovalsRequest{}
	var asked, all bool
	c := &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出待您签批的审批", "list the cases that wait for you"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case asked && all:
				return a.misused("--asked 与 --all 只能给出其一", "give --asked or --all, not both")
			case asked:
				r.Scope = "asked"
			case all:
				r.Scope = "all"
			case r.GetIncludeClosed():
				return a.misused("--closed 须与 --asked 或 --all 一起使用", "--closed goes with --asked or --all")
			}
			rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*approvalv1.Approval, string, error) {
				answer, err := approvalv1.NewApprovalServiceClient(conn).ListApprovals(ctx, r)
				r.After = answer.GetNext()
				return answer.GetItems(), answer.GetNext(), err
			}, func(q *approvalv1.Approval) []string {
				return []string{
					q.GetNumber(), a.word(q.GetState(), "approval"), a.local(q.GetDueAt()), q.GetBeneficiary().GetEmployeeNumber(),
					q.GetRequester().GetEmployeeNumber(), a.headline(q), q.GetCaseId(),
				}
			})
			if err != nil || a.printer.JSON {
				return err
			}
			if len(rows) == 0 {
				a.printer.Line("没有审批。", "No cases.")
				return nil
			}
			a.printer.Table([]string{
				a.printer.Say("编号", "NUMBER"), a.printer.Say("状态", "STATE"), a.timed("期限", "DUE"), a.printer.Say("受益人", "FOR"),
				a.printer.Say("申请人", "REQUESTER"), a.printer.Say("事项", "MATTER"), a.printer.Say("审批", "CASE"),
			}, rows)
			return nil
		},
	}
	c.Flags().BoolVar(&asked, "asked", false, a.printer.Say("您提出或为您提出的", "those that you asked for, or that are for you"))
	c.Flags().BoolVar(&all, "all", false, a.printer.Say("所有审批（access-admin、auditor）", "every case (access-admin, auditor)"))
	c.Flags().BoolVar(&r.IncludeClosed, "closed", false, a.printer.Say("包括已有结果的", "also those that are decided"))
	return c
}

// headline is the first line of what is signed that says more than the number.
func (a *app) headline(q *approvalv1.Approval) string {
	for _, l := range q.GetShown() {
		if l.GetValue() != q.GetNumber() {
			return l.GetValue()
		}
	}
	return q.GetKind()
}

func (a *app) approvalsShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show CASE",
		Short: a.printer.Say("显示待签内容与全部签名（可用编号）", "show what is signed and every signature, by case or number"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := approvalv1.NewApprovalServiceClient(conn).GetApproval(ctx, &approvalv1.GetApprovalRequest{CaseId: args[0]})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() {
				a.showCase(r)
				if r.GetMaySign() {
					a.printer.Line("待您签批：ostiary approve|refuse|return|postpone %s --digest %s",
						"It is yours to sign: ostiary approve|refuse|return|postpone %s --digest %s", args[0], r.GetApproval().GetDigest())
				}
			})
		},
	}
}

// showCase shows what is signed, by whom, and what has happened.
func (a *app) showCase(r *approvalv1.GetApprovalResponse) {
	a.showForm(r.GetApproval())
	a.printer.Line("", "")
	a.showSteps(r.GetSteps())
	a.showSignatures(r.GetSteps())
	a.showNotices(r.GetSteps())
}

// showForm shows what is signed.
func (a *app) showForm(q *approvalv1.Approval) {
	rows := [][]string{{a.printer.Say("状态", "State"), a.word(q.GetState(), "approval")}}
	for _, l := range q.GetShown() {
		rows = append(rows, []string{a.printer.Say(l.GetLabelZh(), l.GetLabel()), l.GetValue()})
	}
	if q.GetPostponedUntil() != nil {
		rows = append(rows, []string{a.timed("推迟至", "Postponed until"), a.local(q.GetPostponedUntil())})
	}
	a.printer.Table(nil, rows)
}

// showSteps shows who signs, in order.
func (a *app) showSteps(steps []*approvalv1.StepView) {
	var rows [][]string
	for _, s := range steps {
		var who []string
		for _, seat := range s.GetSeats() {
			who = append(who, fmt.Sprintf("%s (%s)", numbers(seat.GetHolders()), a.authority(seat.GetBy())))
		}
		need := ""
		if len(s.GetSeats()) > 1 {
			need = fmt.Sprintf("%d/%d", s.GetQuorum(), len(s.GetSeats()))
		}
		rows = append(rows, []string{fmt.Sprint(s.GetStep()), a.word(s.GetState(), "step"), strings.Join(who, "; "), need, a.local(s.GetDueAt())})
	}
	a.printer.Table([]string{
		a.printer.Say("步骤", "STEP"), a.printer.Say("状态", "STATE"), a.printer.Say("签批人", "SIGNERS"), a.printer.Say("需签", "NEEDED"), a.timed("期限", "DUE"),
	}, rows)
}

// authority is by what somebody signs, as people say it.
func (a *app) authority(by string) string {
	if rest, late := strings.CutPrefix(by, "escalation:"); late {
		return a.printer.Say("逾期升级：", "escalation: ") + a.authority(rest)
	}
	if name, function := strings.CutPrefix(by, "function:"); function {
		return a.printer.Say("职能 ", "function ") + name
	}
	if number, employee := strings.CutPrefix(by, "employee:"); employee {
		return a.printer.Say("指定人员 ", "named ") + number
	}
	return a.word(by)
}

func (a *app) showSignatures(steps []*approvalv1.StepView) {
	var rows [][]string
	for _, s := range steps {
		for _, g := range s.GetSignatures() {
			rows = append(rows, []string{
				fmt.Sprint(s.GetStep()), a.local(g.GetAt()), g.GetSigner().GetEmployeeNumber(), a.authority(g.GetBy()),
				g.GetOnBehalfOf().GetEmployeeNumber(), g.GetComment(),
			})
		}
	}
	if len(rows) == 0 {
		return
	}
	a.printer.Line("", "")
	a.printer.Table([]string{
		a.printer.Say("步骤", "STEP"), a.timed("签于", "SIGNED"), a.printer.Say("签批人", "SIGNER"), a.printer.Say("身份", "BY"),
		a.printer.Say("代", "FOR"), a.printer.Say("意见", "COMMENT"),
	}, rows)
}

// showNotices shows what happened, or will, because signatures were awaited.
func (a *app) showNotices(steps []*approvalv1.StepView) {
	var rows [][]string
	for _, s := range steps {
		row := func(at *timestamppb.Timestamp, zh, en, who string) {
			rows = append(rows, []string{fmt.Sprint(s.GetStep()), a.local(at), a.printer.Say(zh, en), who})
		}
		for _, r := range s.GetReminders() {
			row(r.GetAt(), "已提醒", "reminded", numbers(r.GetTo()))
		}
		for _, e := range s.GetEscalations() {
			row(e.GetAt(), "已升级", "escalated to", numbers(e.GetTo().GetHolders())+" ("+a.authority(e.GetTo().GetBy())+")")
		}
		if s.GetLapsesAt() != nil {
			row(s.GetLapsesAt(), "届时失效", "will lapse", "")
		}
		if s.GetLapsedAt() != nil {
			row(s.GetLapsedAt(), "已失效", "lapsed", "")
		}
	}
	if len(rows) == 0 {
		return
	}
	a.printer.Line("", "")
	a.printer.Table([]string{a.printer.Say("步骤", "STEP"), a.timed("时间", "WHEN"), a.printer.Say("催办", "NOTICE"), a.printer.Say("人员", "WHO")}, rows)
}

// numbers are the employee numbers of people.
func numbers(of []*approvalv1.Party) string {
	all := make([]string, 0, len(of))
	for _, p := range of {
		all = append(all, p.GetEmployeeNumber())
	}
	return strings.Join(all, ", ")
}
