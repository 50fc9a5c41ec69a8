package command

import (
	"os"

	"github.com/spf13/cobra"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

func (a *app) policy() *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: a.printer.Say("策略包", "policy packs"), RunE: a.group}
	c.AddCommand(a.policyApply(), a.policyShow(), a.policyDiff())
	return c
}

func (a *app) policyApply() *cobra.Command {
	var confirm string
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: a.printer.Say("校验并发布策略包，所有服务确认后返回", "validate and publish a pack; returns when every service has it"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := a.applyPack(c, args[0], &policyv1.ApplyPackRequest{Confirm: confirm})
			if err != nil {
				return err
			}
			if err := a.printer.Message(r, func() { a.showPackOutcome(r) }); err != nil {
				return err
			}
			if r.GetHeld() {
				return output.ErrHeld
			}
			return a.settle(c.Context(), change{"policy", r.GetPosition(), r.GetCorrelationId()})
		},
	}
	c.Flags().StringVar(&confirm, "confirm", "", a.printer.Say("确认被暂停的策略包（摘要）", "digest of the held pack to confirm"))
	return a.writing(c)
}

func (a *app) policyDiff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff FILE",
		Short: a.printer.Say("与现行策略包比较，不作更改", "compare with the active pack; changes nothing"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := a.applyPack(c, args[0], &policyv1.ApplyPackRequest{DryRun: true})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() { a.showPackOutcome(r) })
		},
	}
}

func (a *app) policyShow() *cobra.Command {
	var version int64
	c := &cobra.Command{
		Use:   "show",
		Short: a.printer.Say("显示策略包", "show a pack"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := policyv1.NewPolicyServiceClient(conn).GetPack(ctx, &policyv1.GetPackRequest{Version: version})
			if err != nil {
				return err
			}
			if !a.printer.JSON {
				a.printer.Line("版本 %d（%s），生效 %s，摘要 %s\n", "Version %d (%s), effective %s, digest %s\n",
					r.GetVersion(), a.word(r.GetState()), a.alone(r.GetEffectiveAt()), r.GetDigest())
				a.printer.Text(r.GetBody())
				return a.printer.Failure()
			}
			fields, err := output.Fields(r)
			if err != nil {
				return err
			}
			fields["body"] = string(r.GetBody())
			return a.printer.Object(fields)
		},
	}
	c.Flags().Int64Var(&version, "version", 0, a.printer.Say("版本（默认现行）", "version (default: the active one)"))
	return c
}

func (a *app) applyPack(c *cobra.Command, file string, r *policyv1.ApplyPackRequest) (*policyv1.ApplyPackResponse, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, a.unreadable("file", file, err)
	}
	r.Body = body
	ctx, conn, err := a.signedIn(c.Context())
	if err != nil {
		return nil, err
	}
	return policyv1.NewPolicyServiceClient(conn).ApplyPack(ctx, r)
}

func (a *app) showPackOutcome(r *policyv1.ApplyPackResponse) {
	for _, line := range r.GetDiff() {
		a.printer.Line("%s", "%s", line)
	}
	for _, w := range r.GetWarnings() {
		if w.GetLine() == 0 { // it is about the whole pack
			a.printer.Line("注意 %s", "note %s", a.sentence(w))
			continue
		}
		a.printer.Line("注意 %d:%d %s", "note %d:%d %s", w.GetLine(), w.GetColumn(), a.sentence(w))
	}
	a.printer.Line("新增授权 %d，撤销授权 %d（现有 %d）", "Grants given %d, taken %d (held now %d)", r.GetGrantsGiven(), r.GetGrantsTaken(), r.GetGrantsHeld())
	switch {
	case r.GetHeld():
		a.printer.Line("已暂停，未执行：%s\n核对无误后执行：--confirm %s", "Held, nothing was done: %s\nIf it is right, repeat with --confirm %s", a.printer.Say(r.GetReasonZh(), r.GetReason()), r.GetDigest())
	case r.GetState() != "":
		a.printer.Line("版本 %d（%s），摘要 %s", "Version %d (%s), digest %s", r.GetVersion(), a.word(r.GetState()), r.GetDigest())
	}
}
