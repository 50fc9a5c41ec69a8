package command

import (
	"strings"

	"github.com/spf13/cobra"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

func (a *app) operator() *cobra.Command {
	c := &cobra.Command{Use: "operator", Short: a.printer.Say("系统角色", "product roles"), RunE: a.group}
	c.AddCommand(a.operatorAdd(), a.operatorSet(), a.operatorList())
	return c
}

func (a *app) operatorAdd() *cobra.Command {
	var roles []string
	c := &cobra.Command{
		Use:   "add USER --role R[,R]",
		Short: a.printer.Say("新增操作员，显示一次初始口令", "add an operator; shows the initial password once"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).AddOperator(ctx, &identityv1.AddOperatorRequest{User: args[0], Roles: roles})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() {
				a.printer.Line("账号 %s（%s）\n初始口令 %s（仅显示一次，首次登录须修改）", "Account %s (%s)\nInitial password %s (shown once; must be changed at first sign-in)",
					r.GetUser(), strings.Join(r.GetRoles(), ", "), r.GetPassword())
			})
		},
	}
	c.Flags().StringSliceVar(&roles, "role", nil, "admin | access-admin | hr | operator | auditor | reception | agent | employee")
	return a.writing(c)
}

func (a *app) operatorSet() *cobra.Command {
	var roles []string
	c := &cobra.Command{
		Use:   "set EMPLOYEE --role R[,R]",
		Short: a.printer.Say("设置账号的系统角色", "set the product roles of an account"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).SetOperatorRoles(ctx, &identityv1.SetOperatorRolesRequest{Account: args[0], Roles: roles})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() { a.printer.Line("%s：%s", "%s: %s", r.GetAccount(), strings.Join(r.GetRoles(), ", ")) })
		},
	}
	c.Flags().StringSliceVar(&roles, "role", nil, a.printer.Say("全部角色；为空则收回", "all roles; none takes them away"))
	return a.writing(c)
}

func (a *app) credential() *cobra.Command {
	c := &cobra.Command{Use: "credential", Short: a.printer.Say("口令", "credentials"), RunE: a.group}
	c.AddCommand(a.writing(&cobra.Command{
		Use:   "issue EMPLOYEE",
		Short: a.printer.Say("发放初始口令，仅显示一次", "issue an initial password; shown once"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).IssueCredential(ctx, &identityv1.IssueCredentialRequest{Account: args[0]})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() {
				a.printer.Line("账号 %s，初始口令 %s", "Account %s, initial password %s", r.GetAccount(), r.GetPassword())
			})
		},
	}))
	return c
}

func (a *app) client() *cobra.Command {
	var feed, source string
	c := &cobra.Command{Use: "client", Short: a.printer.Say("外部系统", "outside systems"), RunE: a.group}
	add := &cobra.Command{
		Use:   "add NAME --feed hr --source S | --feed lifecycle",
		Short: a.printer.Say("允许外部系统使用事件流，显示一次口令", "let an outside system use a feed; shows its password once"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).AddClient(ctx, &identityv1.AddClientRequest{Name: args[0], Feed: feed, Source: source})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() {
				a.printer.Line("地址 %s\n用户 %s\n口令 %s（仅显示一次）\n流 %s，消费者 %s\n收件箱前缀 %s（须使用此前缀）",
					"url %s\nuser %s\npassword %s (shown once)\nstream %s, durables %s\ninbox prefix %s (no other one is allowed)",
					r.GetUrl(), r.GetUser(), r.GetPassword(), r.GetStream(), strings.Join(r.GetDurables(), ", "), r.GetInboxPrefix())
				if r.GetToken() != "" {
					a.printer.Line("HTTP 令牌 %s（仅显示一次）", "HTTP token %s (shown once)", r.GetToken())
				}
			})
		},
	}
	add.Flags().StringVar(&feed, "feed", "", "hr | lifecycle")
	add.Flags().StringVar(&source, "source", "", a.printer.Say("人事来源", "HR source"))
	c.AddCommand(a.writing(add), a.clientList())
	return c
}
