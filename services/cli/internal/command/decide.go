package command

import (
	"strings"

	"github.com/spf13/cobra"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// decisions are the verbs of a signer.
func (a *app) decisions() []*cobra.Command {
	return []*cobra.Command{
		a.decision("approve", "CASE [--reason TEXT]", a.printer.Say("同意", "sign for it")),
		a.decision("refuse", "CASE --reason TEXT", a.printer.Say("不同意", "sign against it")),
		a.decision("return", "CASE --reason TEXT", a.printer.Say("退回补充", "give it back for completion")),
		a.decision("postpone", "CASE --until DATE --reason TEXT", a.printer.Say("延期至某日", "let it rest until a day")),
		a.decision("authorise", "CASE --reason TEXT", a.printer.Say("领导直接授权（永久标记）", "authorise directly as leadership; marked for ever")),
	}
}

func (a *app) decision(verb, args, short string) *cobra.Command {
	r := &approvalv1.DecideRequest{Decision: verb}
	var until string
	c := &cobra.Command{
		Use: verb + " " + args, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if verb != "approve" && strings.TrimSpace(r.GetReason()) == "" {
				return a.misused("请给出 --reason", "give a --reason")
			}
			if verb == "postpone" && until == "" {
				return a.misused("请给出 --until", "give --until")
			}
			var err error
			if r.Until, err = a.lastInstant(c.Context(), until); err != nil {
				return err
			}
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			client := approvalv1.NewApprovalServiceClient(conn)
			r.CaseId = args[0]
			if r.GetDigest() == "" { // what is shown below is what is signed
				q, err := client.GetApproval(ctx, &approvalv1.GetApprovalRequest{CaseId: args[0]})
				if err != nil {
					return err
				}
				r.Digest = q.GetApproval().GetDigest()
			}
			answer, err := client.Decide(ctx, r)
			if err != nil {
				return err
			}
			err = a.printer.Message(answer, func() {
				a.printer.Line("已签：%s", "Signed: %s", a.word(verb, "decision"))
				a.showForm(answer.GetApproval())
			})
			if err != nil {
				return err
			}
			return a.settle(c.Context(), change{"approval", answer.GetPosition(), a.commandID})
		},
	}
	c.Flags().StringVar(&r.Reason, "reason", "", a.printer.Say("意见", "why"))
	c.Flags().StringVar(&r.Digest, "digest", "", a.printer.Say("您所见内容的摘要；内容已变则拒绝", "digest of what you were shown; refused if it has changed"))
	if verb == "postpone" {
		c.Flags().StringVar(&until, "until", "", a.printer.Say("延期的末日，含当日（必填）", "last day of rest, inclusive (required)"))
	}
	return a.writing(c)
}
