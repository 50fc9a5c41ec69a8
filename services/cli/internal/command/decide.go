package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
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
	var asShown bool
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
			if r.GetDigest() == "" {
				if r.Digest, err = a.seen(ctx, client, verb, args[0], asShown); err != nil {
					return err
				}
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
	c.Flags().StringVar(&r.Digest, "digest", "", a.printer.Say("您所见内容的摘要，见 approvals show；内容已变则拒绝", "digest of what you were shown, as approvals show says; refused if it has changed"))
	c.Flags().BoolVar(&asShown, "yes", false, a.printer.Say("按当前显示的内容签批，不再询问", "sign it as it is shown now, without being asked"))
	if verb == "postpone" {
		c.Flags().StringVar(&until, "until", "", a.printer.Say("延期的末日，含当日（必填）", "last day of rest, inclusive (required)"))
	}
	return a.writing(c)
}

// seen is the digest of what the signer has seen: as it is shown now, after a yes
// at the keyboard. Where nobody can be asked nothing is signed, unless the caller
// wants it as it is now.
func (a *app) seen(ctx context.Context, client approvalv1.ApprovalServiceClient, verb, name string, asShown bool) (string, error) {
	q, err := client.GetApproval(ctx, &approvalv1.GetApprovalRequest{CaseId: name})
	if err != nil {
		return "", err
	}
	digest := q.GetApproval().GetDigest()
	if asShown {
		return digest, nil
	}
	if a.printer.JSON {
		fields, err := output.Fields(q)
		if err != nil {
			return "", err
		}
		fields["held"], fields["digest"] = true, digest
		return "", errors.Join(output.ErrHeld, a.printer.Object(fields))
	}
	a.showCase(q)
	if keyboard, ok := a.io.In.(*os.File); ok && term.IsTerminal(int(keyboard.Fd())) {
		switch yes, err := a.agrees(ctx, verb); {
		case err != nil:
			return "", err
		case yes:
			return digest, nil
		}
	}
	a.printer.Line("已暂停，未签批。核对无误后执行：ostiary %s %s --digest %s", "Held, nothing was signed. If it is right: ostiary %s %s --digest %s", verb, name, digest)
	return "", output.ErrHeld
}

// agrees asks at the keyboard; whatever is not a yes is a no.
func (a *app) agrees(ctx context.Context, verb string) (bool, error) {
	fmt.Fprint(a.io.Err, a.printer.Say("签批以上内容：", "Sign this: ")+a.word(verb, "decision")+a.printer.Say("？[y/N] ", "? [y/N] "))
	line, err := unlessCancelled(ctx, func() (string, error) { return bufio.NewReader(a.io.In).ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(strings.TrimSpace(line))), nil
}
