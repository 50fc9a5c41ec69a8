package rpc

import (
	"google.golang.org/grpc"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"

	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/audit/internal/domain/verification"
)

// maxShown is how many findings an answer lists one by one.
const maxShown = 100

// VerifyLedger compares everything and records the outcome (AUD-006, AUD-018).
func (s *Server) VerifyLedger(r *auditv1.VerifyLedgerRequest, stream grpc.ServerStreamingServer[auditv1.VerifyLedgerResponse]) error {
	ctx := stream.Context()
	s.current(ctx)
	report, err := s.verifier.Verify(ctx, func(done, total int64) {
		// A reader that is gone ends the context; progress is only courtesy.
		_ = stream.Send(&auditv1.VerifyLedgerResponse{Checked: done, Total: total})
	})
	if err != nil {
		return err
	}
	if _, err := servicekit.Execute(ctx, s.platform, verification.Decider, verification.Stream, r, report); err != nil {
		return err
	}
	answer := &auditv1.LedgerReport{
		Intact: len(report.Findings) == 0, Size: report.Size, Root: report.Root, FindingsTotal: report.Total,
	}
	for _, f := range report.Findings[:min(len(report.Findings), maxShown)] {
		answer.Findings = append(answer.Findings, &auditv1.LedgerFinding{Service: f.Service, Position: f.Position, Reason: f.Reason, Message: f.Message})
	}
	return stream.Send(&auditv1.VerifyLedgerResponse{Checked: report.Size, Total: report.Size, Report: answer})
}
