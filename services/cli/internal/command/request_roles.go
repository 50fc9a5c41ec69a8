package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

func (a *app) requestRoles() *cobra.Command {
	r := &accessv1.ListRolesRequest{}
	c := &cobra.Command{
		Use:   "roles [--application A]",
		Short: a.printer.Say("您可以申请哪些角色", "the roles that you can ask for"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var refusals []string
			rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*accessv1.OfferedRole, string, error) {
				answer, err := accessv1.NewAccessRequestServiceClient(conn).ListRoles(ctx, r)
				return answer.GetItems(), "", err
			}, func(o *accessv1.OfferedRole) []string {
				kind := a.word("standard")
				if o.GetPrivileged() {
					kind = a.word("privileged")
				}
				if o.GetState() == "unavailable" {
					refusals = append(refusals, fmt.Sprintf("%s/%s: %s [%s]", o.GetApplication(), o.GetRole(), a.printer.Say(o.GetWhyZh(), o.GetWhy()), o.GetReason()))
				}
				return []string{
					o.GetApplication(), o.GetRole(), a.printer.Say(o.GetTitleZh(), o.GetTitle()), o.GetLevel(), kind, a.word(o.GetState(), "role"), a.local(o.GetLatest()),
				}
			})
			if err != nil || a.printer.JSON {
				return err
			}
			if len(rows) == 0 {
				a.printer.Line("没有可申请的角色。", "There is no role that you can ask for.")
				return nil
			}
			a.printer.Table([]string{
				a.printer.Say("应用", "APPLICATION"), a.printer.Say("角色", "ROLE"), a.printer.Say("名称", "TITLE"), a.printer.Say("级别", "LEVEL"),
				a.printer.Say("类别", "KIND"), a.printer.Say("状态", "STATE"), a.timed("最晚至", "LATEST END"),
			}, rows)
			for _, refusal := range refusals {
				a.printer.Line("%s", "%s", refusal)
			}
			a.printer.Line("申请：ostiary request create --application 应用 --role 角色 --until 日期 --reason 用途",
				"Ask for one: ostiary request create --application A --role R --until DATE --reason TEXT")
			return nil
		},
	}
	c.Flags().StringVar(&r.Application, "application", "", a.printer.Say("只看此应用", "only those of this application"))
	return c
}
