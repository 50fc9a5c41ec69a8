package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// chunkBytes is the size of one piece of the file on the wire.
const chunkBytes = 256 << 10

func (a *app) hr() *cobra.Command {
	c := &cobra.Command{Use: "hr", Short: a.printer.Say("人事数据", "HR data"), RunE: a.group}
	c.AddCommand(a.hrImport(), a.hrStatus(), a.hrQuarantine())
	return c
}

func (a *app) hrImport() *cobra.Command {
	var mapFile, effective, confirm string
	var dryRun bool
	c := &cobra.Command{
		Use:   "import FILE --map MAP",
		Short: a.printer.Say("导入人事快照（CSV）：入职、变动、离职", "take in an HR snapshot (CSV): joiners, movers, leavers"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if mapFile == "" {
				return a.misused("缺少 --map", "--map is missing")
			}
			mapping, err := os.ReadFile(mapFile)
			if err != nil {
				return a.unreadable("map", mapFile, err)
			}
			file, err := os.Open(args[0])
			if err != nil {
				return a.unreadable("file", args[0], err)
			}
			defer func() { _ = file.Close() }()
			result, err := a.importSnapshot(c, &identityv1.ImportSnapshotHeader{
				Map: mapping, EffectiveDate: effective, DryRun: dryRun, Confirm: confirm,
			}, file)
			if err != nil {
				return err
			}
			if err := a.printer.Message(result, func() { a.showImport(result, dryRun) }); err != nil {
				return err
			}
			if result.GetHeld() {
				return output.ErrHeld
			}
			if dryRun {
				return nil
			}
			return a.settle(c.Context(), change{"identity", result.GetPosition(), result.GetCorrelationId()})
		},
	}
	c.Flags().StringVar(&mapFile, "map", "", a.printer.Say("列映射（YAML）", "column map (YAML)"))
	c.Flags().StringVar(&effective, "effective", "", a.printer.Say("生效日期（默认今天）", "first day of the new state (default today)"))
	c.Flags().StringVar(&confirm, "confirm", "", a.printer.Say("确认被暂停的快照（摘要）", "digest of the held snapshot to confirm"))
	c.Flags().BoolVar(&dryRun, "dry-run", false, a.printer.Say("只显示将发生什么", "only show what would happen"))
	return a.writing(c)
}

func (a *app) importSnapshot(c *cobra.Command, header *identityv1.ImportSnapshotHeader, file *os.File) (*identityv1.ImportResult, error) {
	ctx, conn, err := a.signedIn(c.Context())
	if err != nil {
		return nil, err
	}
	stream, err := identityv1.NewIdentityServiceClient(conn).ImportSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	send := func(r *identityv1.ImportSnapshotRequest) error {
		if err := stream.Send(r); err != nil && !errors.Is(err, io.EOF) { // EOF: the answer tells why
			return err
		}
		return nil
	}
	if err := send(&identityv1.ImportSnapshotRequest{Part: &identityv1.ImportSnapshotRequest_Header{Header: header}}); err != nil {
		return nil, err
	}
	for buffer := make([]byte, chunkBytes); ; {
		n, err := file.Read(buffer)
		if n > 0 {
			if err := send(&identityv1.ImportSnapshotRequest{Part: &identityv1.ImportSnapshotRequest_Chunk{Chunk: buffer[:n]}}); err != nil {
				return nil, err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, a.unreadable("file", file.Name(), err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	bar := a.progress(a.printer.Say("执行变动", "Carrying out"))
	defer bar.done()
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("the import ended without a result")
		}
		if err != nil {
			return nil, err
		}
		if result := r.GetResult(); result != nil {
			return result, nil
		}
		bar.set(int64(r.GetProgress().GetDone()), int64(r.GetProgress().GetTotal()))
	}
}

func (a *app) showImport(r *identityv1.ImportResult, dryRun bool) {
	if dryRun {
		a.printer.Line("试运行，未作任何更改：", "Dry run, nothing was changed:")
	}
	a.printer.Line("入职 %d，变动 %d，离职 %d，不变 %d，隔离 %d", "Joiners %d, movers %d, leavers %d, unchanged %d, quarantined %d",
		r.GetJoiners(), r.GetMovers(), r.GetLeavers(), r.GetUnchanged(), len(r.GetQuarantined()))
	for _, q := range few(r.GetQuarantined()) {
		a.printer.Line("  第 %d 行 %s：%s  [%s]", "  row %d %s: %s  [%s]", q.GetRow(), q.GetEmployeeNumber(), a.sentence(q), q.GetReason())
	}
	a.more(len(r.GetQuarantined()))
	for _, w := range few(r.GetWarnings()) {
		a.printer.Line("  注意：%s%s  [%s]", "  note: %s%s  [%s]", a.about(w), a.sentence(w), w.GetReason())
	}
	a.more(len(r.GetWarnings()))
	switch {
	case r.GetHeld():
		a.printer.Line("已暂停，未执行：%s\n核对无误后执行：--confirm %s", "Held, nothing was done: %s\nIf it is right, repeat with --confirm %s", a.printer.Say(r.GetReasonZh(), r.GetReason()), r.GetDigest())
	case !dryRun:
		a.printer.Line("快照 %s，位置 identity=%d", "Snapshot %s, position identity=%d", r.GetSnapshot(), r.GetPosition())
	}
}

// about is what a warning concerns, as far as it says so.
func (a *app) about(w *identityv1.ImportWarning) string {
	about := w.GetSubject()
	switch n := w.GetPeople(); {
	case n == 1:
		about += a.printer.Say("（1 人）", " (1 person)")
	case n > 1:
		about += fmt.Sprintf(a.printer.Say("（%d 人）", " (%d people)"), n)
	}
	if about == "" {
		return ""
	}
	return strings.TrimSpace(about) + a.printer.Say("：", ": ")
}

// screenful is how much of a list a reader is shown who asked for something
// else.
const screenful = 10

func few[T any](all []T) []T { return all[:min(len(all), screenful)] }

// more says that a list was longer.
func (a *app) more(all int) {
	if all > screenful {
		a.printer.Line("  … 另有 %d 条；--json 显示全部", "  … and %d more; --json shows all", all-screenful)
	}
}
