// Bench measures what the product promises and prints a line for each figure:
//
//	bench <name> value=… unit=… baseline=… ratio=… goal=…
//
// The figures and the machine they were taken on go to build/bench.json. A
// figure that misses its goal is marked; only a bench that fails ends with an
// error, because a busy machine is no defect.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Figure is one measured quantity.
type Figure struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Baseline float64 `json:"baseline,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"`
	Goal     string  `json:"goal,omitempty"`
	Met      bool    `json:"met"`
}

// String is the line that is printed.
func (f Figure) String() string {
	line := fmt.Sprintf("bench %s value=%.4g unit=%s", f.Name, f.Value, f.Unit)
	if f.Baseline != 0 {
		line += fmt.Sprintf(" baseline=%.4g ratio=%.2f", f.Baseline, f.Ratio)
	} else {
		line += " baseline=- ratio=-"
	}
	line += " goal=" + strings.ReplaceAll(f.Goal, " ", "")
	if !f.Met {
		line += " MISSED"
	}
	return line
}

// Report is build/bench.json.
type Report struct {
	TakenAt    time.Time `json:"taken_at"`
	Go         string    `json:"go"`
	Machine    string    `json:"machine"`
	Cores      int       `json:"cores"`
	FsyncMS    float64   `json:"fsync_ms"`
	FsyncP99MS float64   `json:"fsync_p99_ms"`
	Figures    []Figure  `json:"figures"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := flag.String("out", "build/bench.json", "where the report goes")
	only := flag.String("only", "", "run benches whose name begins so")
	flag.Parse()
	if err := run(ctx, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, only string) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("make the folder of the report: %w", err)
	}
	fsync, err := flushes(filepath.Dir(out))
	if err != nil {
		return err
	}
	median, worst := ms(quantile(fsync, 0.5)), ms(quantile(fsync, 0.99))
	fmt.Printf("fsync %.3f ms, p99 %.3f ms (fdatasync after 8 kB, on the disk of %s)\n", median, worst, filepath.Dir(out))
	report := Report{
		TakenAt: time.Now().UTC(), Go: runtime.Version(), Machine: runtime.GOOS + "/" + runtime.GOARCH,
		Cores: runtime.NumCPU(), FsyncMS: median, FsyncP99MS: worst, Figures: []Figure{},
	}
	for _, b := range benches {
		if !strings.HasPrefix(b.name, only) {
			continue
		}
		figures, err := b.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		for _, f := range figures {
			fmt.Println(f)
		}
		report.Figures = append(report.Figures, figures...)
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
