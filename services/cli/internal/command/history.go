package command

import (
	"encoding/json"

	"github.com/spf13/cobra"

	auditv1 "github.com/ostiary/ostiary/proto/gen/ostiary/audit/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// followWait is how long the server holds a question that has no answer yet.
const followWait = 20_000 // milliseconds

func (a *app) history() *cobra.Command {
	var person, stream string
	var follow bool
	c := &cobra.Command{
		Use:   "history --person EMPLOYEE | --stream STREAM",
		Short: a.printer.Say("历史：发生了什么、因何发生", "history: what happened, and because of what"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if (person == "") == (stream == "") {
				return a.misused("请给出 --person 或 --stream 其中之一", "give either --person or --stream")
			}
			request := &auditv1.ReadHistoryRequest{EmployeeNumber: person, Stream: stream}
			for shown := false; ; {
				ctx, conn, err := a.signedIn(c.Context())
				if err != nil {
					return err
				}
				r, err := auditv1.NewAuditServiceClient(conn).ReadHistory(ctx, request)
				if err != nil {
					if c.Context().Err() != nil && follow {
						return nil // the reader has seen enough
					}
					return err
				}
				for _, e := range r.GetEvents() {
					if err := a.showEvent(e); err != nil {
						return err
					}
					shown = true
				}
				request.After = r.GetNext()
				if len(r.GetEvents()) > 0 {
					continue
				}
				if !follow {
					if !shown {
						a.printer.Line("没有记录。", "Nothing recorded.")
					}
					return nil
				}
				request.WaitMs = followWait
			}
		},
	}
	c.Flags().StringVar(&person, "person", "", a.printer.Say("工号", "employee number"))
	c.Flags().StringVar(&stream, "stream", "", a.printer.Say("流", "stream"))
	c.Flags().BoolVar(&follow, "follow", false, a.printer.Say("持续显示新事件", "go on with new events"))
	return c
}

func (a *app) showEvent(e *runtimev1.HistoryEvent) error {
	if !a.printer.JSON {
		cause := ""
		if e.GetCausation() != nil {
			cause = " <- " + e.GetCausation().GetService() + "=" + number(e.GetCausation().GetPosition())
		}
		a.printer.Line("%s  %s=%d  %s  %s  %s%s\n    %s", "%s  %s=%d  %s  %s  %s%s\n    %s",
			a.alone(e.GetRecordedAt()), e.GetService(), e.GetPosition(), short(e.GetType()), e.GetStream(), e.GetActor(), cause, e.GetDataJson())
		return a.printer.Failure()
	}
	fields, err := output.Fields(e)
	if err != nil {
		return err
	}
	delete(fields, "data_json")
	fields["type"] = short(e.GetType())
	fields["data"] = json.RawMessage(e.GetDataJson())
	return a.printer.Object(fields)
}
