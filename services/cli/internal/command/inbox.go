package command

import (
	"strconv"

	"github.com/spf13/cobra"

	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

var errNotParked = fault.New(fault.NotFound, "NOT_PARKED", "No such event is parked.", "没有这样的搁置事件。")

func (a *app) inboxList() *cobra.Command {
	var service string
	c := &cobra.Command{
		Use:   "list",
		Short: a.printer.Say("列出搁置的事件", "list parked events"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := a.parked(c.Context(), service, "")
			if err != nil {
				return err
			}
			var rows [][]string
			for _, s := range services {
				for _, p := range all[s] {
					if err := a.showParked(s, p, func() {
						rows = append(rows, []string{s, p.GetSource() + "=" + number(p.GetPosition()), p.GetStream(), short(p.GetType()), p.GetError()})
					}); err != nil {
						return err
					}
				}
			}
			if a.printer.JSON {
				return nil
			}
			if len(rows) == 0 {
				a.printer.Line("没有搁置的事件。", "Nothing is parked.")
				return nil
			}
			a.printer.Table([]string{a.printer.Say("服务", "SERVICE"), a.printer.Say("来源", "SOURCE"), a.printer.Say("流", "STREAM"), a.printer.Say("事件", "EVENT"), a.printer.Say("原因", "ERROR")}, rows)
			return nil
		},
	}
	c.Flags().StringVar(&service, "service", "", a.printer.Say("只看此服务", "only this service"))
	return c
}

func (a *app) inboxShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show SERVICE SOURCE POSITION",
		Short: a.printer.Say("显示一个搁置的事件", "show a parked event"),
		Args:  cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			position, err := strconv.ParseInt(args[2], 10, 64)
			if err != nil {
				return a.misused("位置须为数字："+args[2], "the position must be a number: "+args[2])
			}
			all, err := a.parked(c.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			for _, p := range all[args[0]] {
				if p.GetPosition() != position {
					continue
				}
				return a.showParked(args[0], p, func() {
					a.printer.Table(nil, [][]string{
						{a.printer.Say("来源", "Source"), p.GetSource() + "=" + number(p.GetPosition())},
						{a.printer.Say("流", "Stream"), p.GetStream()},
						{a.printer.Say("事件", "Event"), p.GetType()},
						{a.printer.Say("搁置于", "Parked at"), a.alone(p.GetParkedAt())},
						{a.printer.Say("原因", "Error"), p.GetError()},
					})
				})
			}
			return errNotParked
		},
	}
}

func (a *app) showParked(service string, p *runtimev1.ParkedEvent, text func()) error {
	if !a.printer.JSON {
		text()
		return nil
	}
	fields, err := output.Fields(p)
	if err != nil {
		return err
	}
	fields["service"] = service
	return a.printer.Object(fields)
}

func (a *app) inboxRetry() *cobra.Command {
	var source, stream string
	c := &cobra.Command{
		Use:   "retry SERVICE",
		Short: a.printer.Say("按顺序重新处理搁置的事件", "process parked events again, in order"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, conn, err := a.signedIn(c.Context())
			if err != nil {
				return err
			}
			r, err := runtimev1.NewRuntimeServiceClient(conn).RetryParked(ctx, &runtimev1.RetryParkedRequest{Service: args[0], Source: source, Stream: stream})
			if err != nil {
				return err
			}
			if err := a.printer.Message(r, func() {
				a.printer.Line("已处理 %d，仍搁置 %d", "Processed %d, still parked %d", r.GetProcessed(), r.GetParked())
			}); err != nil {
				return err
			}
			if r.GetParked() > 0 {
				return output.ErrHeld
			}
			return nil
		},
	}
	c.Flags().StringVar(&source, "source", "", a.printer.Say("只处理此来源", "only this source"))
	c.Flags().StringVar(&stream, "stream", "", a.printer.Say("只处理此流", "only this stream"))
	return c
}
