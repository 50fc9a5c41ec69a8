package command

import (
	"context"

	"github.com/spf13/cobra"

	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// services are those of an installation, in the order of the story.
var services = []string{"policy", "identity", "access-request", "approval", "provisioning", "audit"}

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: a.printer.Say("各服务的状态", "how the services are"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			client := runtimev1.NewRuntimeServiceClient(conn)
			ready, causes := true, []string{}
			var clock any
			var list []map[string]any
			var all []*runtimev1.GetStatusResponse
			for _, service := range services {
				r, err := client.GetStatus(ctx, &runtimev1.GetStatusRequest{Service: service})
				if err != nil {
					return err
				}
				ready = ready && r.GetReady()
				for _, cause := range r.GetCauses() {
					causes = append(causes, service+": "+cause)
				}
				fields, err := output.Fields(r)
				if err != nil {
					return err
				}
				clock = fields["clock"]
				list, all = append(list, fields), append(all, r)
			}
			if a.printer.JSON {
				return a.printer.Object(map[string]any{"ready": ready, "causes": causes, "clock": clock, "services": list})
			}
			a.showStatus(ready, causes, all)
			return nil
		},
	}
}

func (a *app) showStatus(ready bool, causes []string, all []*runtimev1.GetStatusResponse) {
	if ready {
		a.printer.Line("就绪", "Ready")
	} else {
		a.printer.Line("未就绪：", "Not ready:")
	}
	for _, cause := range causes {
		a.printer.Line("  %s", "  %s", cause)
	}
	var rows [][]string
	for _, r := range all {
		inbox := ""
		for _, i := range r.GetInbox() {
			inbox += i.GetSource() + "=" + number(i.GetPosition()) + " "
			if i.GetParked() > 0 {
				inbox += a.printer.Say("（搁置 ", "(parked ") + number(int64(i.GetParked())) + ") "
			}
		}
		rows = append(rows, []string{r.GetService(), number(r.GetPosition()), number(r.GetRelayed()), inbox})
	}
	a.printer.Table([]string{a.printer.Say("服务", "SERVICE"), a.printer.Say("位置", "POSITION"), a.printer.Say("已转发", "RELAYED"), a.printer.Say("收件", "INBOX")}, rows)
}

func (a *app) projection() *cobra.Command {
	c := &cobra.Command{Use: "projection", Short: a.printer.Say("读模型", "read models"), RunE: a.group}
	c.AddCommand(&cobra.Command{
		Use:   "rebuild SERVICE NAME",
		Short: a.printer.Say("在旁重建读模型并切换", "build a read model anew beside the live one and swap"),
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := runtimev1.NewRuntimeServiceClient(conn).RebuildProjection(ctx, &runtimev1.RebuildProjectionRequest{Service: args[0], Projection: args[1]})
			if err != nil {
				return err
			}
			return a.printer.Message(r.GetProjection(), func() {
				a.printer.Line("%s，位置 %d，摘要 %s", "%s at %d, digest %s", r.GetProjection().GetName(), r.GetProjection().GetPosition(), r.GetProjection().GetDigest())
			})
		},
	})
	return c
}

func (a *app) inbox() *cobra.Command {
	c := &cobra.Command{Use: "inbox", Short: a.printer.Say("收件：未能处理的事件", "inboxes: events that could not be processed"), RunE: a.group}
	c.AddCommand(a.inboxList(), a.inboxShow(), a.inboxRetry())
	return c
}

// parked lists what is parked, at one service or at all.
func (a *app) parked(ctx context.Context, service, source string) (map[string][]*runtimev1.ParkedEvent, error) {
	ctx, conn, err := a.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	parked := map[string][]*runtimev1.ParkedEvent{}
	for _, s := range services {
		if service != "" && s != service {
			continue
		}
		r, err := runtimev1.NewRuntimeServiceClient(conn).ListParked(ctx, &runtimev1.ListParkedRequest{Service: s, Source: source})
		if err != nil {
			return nil, err
		}
		if len(r.GetParked()) > 0 {
			parked[s] = r.GetParked()
		}
	}
	return parked, nil
}
