package command

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

func (a *app) person() *cobra.Command {
	c := &cobra.Command{Use: "person", Short: a.printer.Say("人员", "people"), RunE: a.group}
	c.AddCommand(&cobra.Command{
		Use:   "show EMPLOYEE",
		Short: a.printer.Say("显示人员", "show a person"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: args[0]})
			if err != nil {
				return err
			}
			return a.printer.Message(r.GetPerson(), func() { a.showPerson(r.GetPerson()) })
		},
	})
	return c
}

func (a *app) showPerson(p *identityv1.Person) {
	rows := [][]string{
		{a.printer.Say("工号", "Number"), p.GetEmployeeNumber()},
		{a.printer.Say("姓名", "Name"), p.GetName()},
		{a.printer.Say("状态", "State"), a.word(p.GetState(), "person")},
		{a.printer.Say("类别", "Kind"), a.word(p.GetKind())},
		{a.printer.Say("部门", "Unit"), strings.Join(p.GetUnit(), " / ")},
		{a.printer.Say("岗位", "Position"), p.GetPosition()},
		{a.printer.Say("上级", "Supervisor"), p.GetSupervisor()},
	}
	for _, k := range slices.Sorted(maps.Keys(p.GetAttributes())) {
		rows = append(rows, []string{k, p.GetAttributes()[k]})
	}
	for _, account := range p.GetAccounts() {
		rows = append(rows, []string{a.printer.Say("账号", "Account"), account.GetAccount() + a.printer.Say("（"+a.word(account.GetState())+"）", " ("+a.word(account.GetState())+")")})
	}
	a.printer.Table(nil, rows)
}
