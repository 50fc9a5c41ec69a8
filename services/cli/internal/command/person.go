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
	}, a.personFind())
	return c
}

func (a *app) personFind() *cobra.Command {
	return &cobra.Command{
		Use:   "find",
		Short: a.printer.Say("按身份证件号码查找人员（号码不写在命令行上）", "find people by identity number, which is asked for or read from standard input"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// Never an argument: those stay in the history of the shell.
			number, err := a.secrets(false).next(c.Context(), a.printer.Say("证件号码", "Identity number"))
			if err != nil {
				return err
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := identityv1.NewIdentityServiceClient(conn).FindPeople(ctx, &identityv1.FindPeopleRequest{IdNumber: strings.TrimSpace(number)})
			if err != nil {
				return err
			}
			var rows [][]string
			for _, p := range r.GetPeople() {
				err := a.printer.Message(p, func() {
					rows = append(rows, []string{p.GetEmployeeNumber(), p.GetName(), a.word(p.GetState(), "person"), p.GetIdNumberMasked()})
				})
				if err != nil {
					return err
				}
			}
			switch {
			case a.printer.JSON:
			case len(rows) == 0:
				a.printer.Line("没有人员使用此号码。", "Nobody has this number.")
			default:
				a.printer.Table([]string{
					a.printer.Say("工号", "NUMBER"), a.printer.Say("姓名", "NAME"), a.printer.Say("状态", "STATE"), a.printer.Say("证件号码", "DOCUMENT"),
				}, rows)
			}
			return nil
		},
	}
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
	if p.GetIdNumberMasked() != "" {
		rows = append(rows, []string{a.printer.Say("证件号码", "Document"), p.GetIdNumberMasked()})
	}
	for _, k := range slices.Sorted(maps.Keys(p.GetAttributes())) {
		rows = append(rows, []string{k, p.GetAttributes()[k]})
	}
	for _, account := range p.GetAccounts() {
		rows = append(rows, []string{a.printer.Say("账号", "Account"), account.GetAccount() + a.printer.Say("（"+a.word(account.GetState())+"）", " ("+a.word(account.GetState())+")")})
	}
	a.printer.Table(nil, rows)
}
