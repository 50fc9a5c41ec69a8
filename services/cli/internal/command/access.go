package command

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
)

func (a *app) access() *cobra.Command {
	c := &cobra.Command{Use: "access", Short: a.printer.Say("授权", "access"), RunE: a.group}
	c.AddCommand(a.accessList(), a.accessWhy(), a.accessCheck(), a.accessSuspend(), a.accessReinstate())
	return c
}

func (a *app) accessList() *cobra.Command {
	var person, role, at, knownAt string
	var all bool
	c := &cobra.Command{
		Use:   "list [--person EMPLOYEE | --role APP/ROLE]",
		Short: a.printer.Say("谁持有什么，现在或过去；默认本人", "who holds what, now or at a past time; yourself unless you say whom"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if person != "" && role != "" {
				return a.misused("--person 与 --role 只能给出其一", "give --person or --role, not both")
			}
			request := &accessv1.ListGrantsRequest{EmployeeNumber: person, Role: role, IncludeRemoved: all, Own: person == "" && role == ""}
			var err error
			if request.At, err = a.instant(c.Context(), at); err != nil {
				return err
			}
			if request.KnownAt, err = a.instant(c.Context(), knownAt); err != nil {
				return err
			}
			return a.listGrants(c, request)
		},
	}
	c.Flags().StringVar(&person, "person", "", a.printer.Say("工号（默认本人；他人须具有 access-admin、auditor 或 hr 角色）", "employee number (default: yourself; others need the role access-admin, auditor or hr)"))
	c.Flags().StringVar(&role, "role", "", a.printer.Say("应用/角色", "application/role"))
	c.Flags().StringVar(&at, "at", "", a.printer.Say("生效时点（日期或 RFC 3339）", "as of (date or RFC 3339), by effective time"))
	c.Flags().StringVar(&knownAt, "known-at", "", a.printer.Say("记录时点", "as it was known at, by recorded time"))
	c.Flags().BoolVar(&all, "all", false, a.printer.Say("包括已撤销的授权", "also what has been removed"))
	return c
}

func (a *app) listGrants(c *cobra.Command, request *accessv1.ListGrantsRequest) error {
	rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*accessv1.Grant, string, error) {
		r, err := accessv1.NewAccessRequestServiceClient(conn).ListGrants(ctx, request)
		request.After = r.GetNext()
		return r.GetItems(), r.GetNext(), err
	}, func(g *accessv1.Grant) []string {
		return []string{
			g.GetEmployeeNumber(), g.GetApplication() + "/" + g.GetRole(), a.word(g.GetState()), a.word(g.GetKind()),
			a.local(g.GetValidFrom()), a.local(g.GetValidUntil()), g.GetGrantId(),
		}
	})
	if err != nil || a.printer.JSON {
		return err
	}
	if len(rows) == 0 {
		a.printer.Line("没有授权。", "No grants.")
		return nil
	}
	a.printer.Table([]string{
		a.printer.Say("工号", "PERSON"), a.printer.Say("角色", "ROLE"), a.printer.Say("状态", "STATE"), a.printer.Say("类别", "KIND"),
		a.timed("自", "FROM"), a.timed("至", "UNTIL"), a.printer.Say("授权", "GRANT"),
	}, rows)
	return nil
}

func (a *app) accessWhy() *cobra.Command {
	var person, role string
	c := &cobra.Command{
		Use:   "why [--person EMPLOYEE] --role APP/ROLE",
		Short: a.printer.Say("为什么持有或失去某角色：每一环都可在历史中查到；默认本人", "why a role is held or was lost; every link can be read in history; yourself unless you say whom"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if role == "" {
				return a.misused("请给出 --role", "give a --role")
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := auditv1.NewAuditServiceClient(conn).ExplainAccess(ctx, &auditv1.ExplainAccessRequest{EmployeeNumber: person, Role: role})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() {
				a.printer.Line("%s 的 %s：%s", "%s, %s: %s", cmp.Or(person, a.printer.Say("您", "you")), role, a.word(r.GetState()))
				var rows [][]string
				for _, l := range r.GetLinks() {
					rows = append(rows, []string{
						a.local(l.GetAt()), l.GetService() + "=" + number(l.GetPosition()), l.GetType(), a.reason(l.GetReason()), l.GetRule(), l.GetActor(),
					})
				}
				a.printer.Table([]string{
					a.timed("生效于", "EFFECTIVE"), a.printer.Say("出处", "WHERE"), a.printer.Say("事件", "EVENT"), a.printer.Say("原因", "REASON"),
					a.printer.Say("规则", "RULE"), a.printer.Say("操作者", "ACTOR"),
				}, rows)
			})
		},
	}
	c.Flags().StringVar(&person, "person", "", a.printer.Say("工号（默认本人；他人须具有 access-admin、auditor 或 hr 角色）", "employee number (default: yourself; others need the role access-admin, auditor or hr)"))
	c.Flags().StringVar(&role, "role", "", a.printer.Say("应用/角色", "application/role"))
	return c
}
