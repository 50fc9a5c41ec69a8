package command

import (
	"strings"

	"github.com/spf13/cobra"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

func (a *app) accessCheck() *cobra.Command {
	var account, role string
	c := &cobra.Command{
		Use:   "check --person EMPLOYEE --role APP/ROLE",
		Short: a.printer.Say("某账号此刻是否持有角色；不持有则退出码 3", "whether an account has a role now; exit code 3 if not"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			application, of, ok := strings.Cut(role, "/")
			if account == "" || !ok || application == "" || of == "" {
				return a.misused("请给出 --person 与 --role 应用/角色", "give --person and --role APP/ROLE")
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := accessv1.NewAccessRequestServiceClient(conn).CheckAccess(ctx,
				&accessv1.CheckAccessRequest{Account: account, Application: application, Role: of})
			if err != nil {
				return err
			}
			err = a.printer.Message(r, func() {
				switch {
				case r.GetAllowed():
					a.printer.Line("是：%s 持有 %s", "Yes: %s has %s", account, role)
				case len(r.GetCanRequest()) > 0:
					a.printer.Line("否（%s）。可申请：%s", "No (%s). What can be asked for: %s", a.reason(r.GetReason()), strings.Join(r.GetCanRequest(), ", "))
				default:
					a.printer.Line("否（%s）。", "No (%s).", a.reason(r.GetReason()))
				}
			})
			if err == nil && !r.GetAllowed() {
				err = output.ErrHeld
			}
			return err
		},
	}
	c.Flags().StringVar(&account, "person", "", a.printer.Say("工号（必填）", "employee number (required)"))
	c.Flags().StringVar(&account, "account", "", a.printer.Say("或账号", "or the account"))
	c.Flags().StringVar(&role, "role", "", a.printer.Say("应用/角色（必填）", "application/role (required)"))
	return c
}
