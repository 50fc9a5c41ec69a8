package command

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar on the terminal, and nothing elsewhere.
type progress struct {
	app   *app
	title string
	bar   *progressbar.ProgressBar
}

func (a *app) progress(title string) *progress { return &progress{app: a, title: title} }

func (p *progress) set(done, total int64) {
	if total == 0 {
		return
	}
	if p.bar == nil {
		f, ok := p.app.io.Err.(*os.File)
		if !ok || p.app.printer.JSON || !term.IsTerminal(int(f.Fd())) {
			return
		}
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(p.title),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	p.bar.ChangeMax64(total)
	_ = p.bar.Set64(done)
}

func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
