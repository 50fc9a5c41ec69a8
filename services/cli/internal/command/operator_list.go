package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

func (a *app) operatorList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出拥有系统角色的账号", "list the accounts with product roles"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			request := &identityv1.ListOperatorsRequest{}
			rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*identityv1.OperatorAccount, string, error) {
				r, err := identityv1.NewIdentityServiceClient(conn).ListOperators(ctx, request)
				request.After = r.GetNext()
				return r.GetItems(), r.GetNext(), err
			}, func(o *identityv1.OperatorAccount) []string {
				return []string{
					o.GetAccount(), a.word(o.GetKind()), a.word(o.GetState()), a.local(o.GetSince()),
					strings.Join(o.GetRoles(), ", "), a.local(o.GetRolesSince()), a.word(o.GetCredential()),
				}
			})
			if err != nil || a.printer.JSON {
				return err
			}
			a.printer.Table([]string{
				a.printer.Say("账号", "ACCOUNT"), a.printer.Say("类别", "KIND"), a.printer.Say("状态", "STATE"), a.timed("自", "SINCE"),
				a.printer.Say("角色", "ROLES"), a.timed("角色自", "ROLES SINCE"), a.printer.Say("口令", "PASSWORD"),
			}, rows)
			return nil
		},
	}
}

func (a *app) clientList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出可使用事件流的外部系统", "list the outside systems that may use a feed"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			request := &identityv1.ListClientsRequest{}
			rows, err := everyPage(c.Context(), a, func(ctx context.Context, conn *grpc.ClientConn) ([]*identityv1.Client, string, error) {
				r, err := identityv1.NewIdentityServiceClient(conn).ListClients(ctx, request)
				request.After = r.GetNext()
				return r.GetItems(), r.GetNext(), err
			}, func(o *identityv1.Client) []string {
				return []string{o.GetName(), o.GetFeed(), o.GetSource(), a.local(o.GetSince())}
			})
			if err != nil || a.printer.JSON {
				return err
			}
			if len(rows) == 0 {
				a.printer.Line("没有外部系统。", "No outside systems.")
				return nil
			}
			a.printer.Table([]string{
				a.printer.Say("名称", "NAME"), a.printer.Say("事件流", "FEED"), a.printer.Say("人事来源", "HR SOURCE"), a.timed("自", "SINCE"),
			}, rows)
			return nil
		},
	}
}

// everyPage reads a list to its end. Each item is printed with --json, or else
// a row of the answer.
func everyPage[M proto.Message](ctx context.Context, a *app, read func(context.Context, *grpc.ClientConn) (items []M, next string, err error),
	row func(M) []string,
) (rows [][]string, err error) {
	for {
		signed, conn, err := a.signedIn(ctx)
		if err != nil {
			return nil, err
		}
		items, next, err := read(signed, conn)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if err := a.printer.Message(item, func() { rows = append(rows, row(item)) }); err != nil {
				return nil, err
			}
		}
		if next == "" {
			return rows, nil
		}
	}
}
