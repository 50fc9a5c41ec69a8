package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

func (a *app) audit() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: a.printer.Say("审计", "audit"), RunE: a.group}
	c.AddCommand(a.auditVerify(), a.auditCheckpoint())
	return c
}

func (a *app) auditVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: a.printer.Say("逐条核对历史与账本，并核对账本的签名根", "compare every event with the ledger, and the ledger with its signed root"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			stream, err := auditv1.NewAuditServiceClient(conn).VerifyLedger(ctx, &auditv1.VerifyLedgerRequest{})
			if err != nil {
				return err
			}
			bar := a.progress(a.printer.Say("核对", "Verifying"))
			defer bar.done()
			var report *auditv1.LedgerReport
			for {
				r, err := stream.Recv()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return err
				}
				bar.set(r.GetChecked(), r.GetTotal())
				if r.GetReport() != nil {
					report = r.GetReport()
				}
			}
			if report == nil {
				return fmt.Errorf("the verification ended without a report")
			}
			bar.done()
			if err := a.printer.Message(report, func() { a.showReport(report) }); err != nil {
				return err
			}
			if !report.GetIntact() {
				return output.ErrHeld // the report has been printed; exit 3
			}
			return nil
		},
	}
}

func (a *app) showReport(r *auditv1.LedgerReport) {
	if r.GetIntact() {
		a.printer.Line("完整：%d 条，根 %s", "Intact: %d entries, root %s", r.GetSize(), r.GetRoot())
		return
	}
	a.printer.Line("发现 %d 处不一致：", "%d places do not match:", r.GetFindingsTotal())
	for _, f := range r.GetFindings() {
		a.printer.Line("  %s=%d  %s  [%s]", "  %s=%d  %s  [%s]", f.GetService(), f.GetPosition(), f.GetMessage(), f.GetReason())
	}
}

func (a *app) auditCheckpoint() *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: a.printer.Say("显示最新的签名根，可交外部保管", "show the newest signed root, to be kept elsewhere"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := auditv1.NewAuditServiceClient(conn).GetCheckpoint(ctx, &auditv1.GetCheckpointRequest{})
			if err != nil {
				return err
			}
			return a.printer.Message(r, func() { a.printer.Text([]byte(r.GetNote())) })
		},
	}
}
