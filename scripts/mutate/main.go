// Command mutate takes each refusal of the domain away in turn and runs the
// domain's tests: a refusal without which they still pass is one that nobody
// would miss. It writes the result to docs/mutants.md.
//
//	go run ./scripts/mutate [-service NAME]
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const report = "docs/mutants.md"

func main() {
	service := flag.String("service", "", "only this service; writes no report")
	flag.Parse()
	survivors, err := run(context.Background(), *service)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
	if survivors > 0 {
		os.Exit(3)
	}
}

// result is what became of one mutant.
type result struct {
	mutant
	killed bool
}

func run(ctx context.Context, service string) (survivors int, err error) {
	pattern := "services/*/internal/domain/*/*.go"
	if service != "" {
		pattern = strings.Replace(pattern, "*", service, 1)
	}
	files, err := filepath.Glob(pattern)
	if err != nil {
		return 0, err
	}
	var mutants []mutant
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		found, err := mutate(file)
		if err != nil {
			return 0, err
		}
		mutants = append(mutants, found...)
	}
	if err := healthy(ctx, mutants); err != nil {
		return 0, err
	}
	began := time.Now()
	results, err := tryAll(ctx, mutants)
	if err != nil {
		return 0, err
	}
	for _, r := range results {
		if !r.killed {
			survivors++
			fmt.Printf("SURVIVED %s:%d %s\n", r.file, r.line, r.text)
		}
	}
	fmt.Printf("%d refusals taken away, %d missed by nobody, %s\n", len(results), survivors, time.Since(began).Round(time.Second))
	if service != "" {
		return survivors, nil
	}
	return survivors, os.WriteFile(report, []byte(describe(results)), 0o644)
}

// healthy expects that the tests pass with every file as it is, put into its own
// place: only then does a failure say something about a mutant.
func healthy(ctx context.Context, mutants []mutant) error {
	seen := map[string]bool{}
	for _, m := range mutants {
		if dir := filepath.Dir(filepath.Dir(m.file)); !seen[dir] {
			seen[dir] = true
			source, err := os.ReadFile(m.file)
			if err != nil {
				return err
			}
			killed, err := try(ctx, mutant{file: m.file, source: source})
			if err != nil {
				return err
			}
			if killed {
				return fmt.Errorf("the tests of %s fail as it is", dir)
			}
		}
	}
	return nil
}

// tryAll tries two mutants at once; their packages are built anew each time.
func tryAll(ctx context.Context, mutants []mutant) ([]result, error) {
	results := make([]result, len(mutants))
	var mu sync.Mutex
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for n, m := range mutants {
		g.Go(func() error {
			killed, err := try(ctx, m)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			results[n] = result{m, killed}
			if done++; done%20 == 0 {
				fmt.Fprintf(os.Stderr, "%d of %d\n", done, len(mutants))
			}
			return nil
		})
	}
	return results, g.Wait()
}

// try runs the tests of the service's domain with the mutant in the place of
// its file.
func try(ctx context.Context, m mutant) (killed bool, err error) {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source := filepath.Join(dir, "mutant.go")
	original, err := filepath.Abs(m.file)
	if err != nil {
		return false, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: source}})
	if err != nil {
		return false, err
	}
	list := filepath.Join(dir, "overlay.json")
	for path, content := range map[string][]byte{source: m.source, list: overlay} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return false, err
		}
	}
	tested := "./" + filepath.Dir(filepath.Dir(m.file)) + "/..."
	out, err := exec.CommandContext(ctx, "go", "test", "-vet=off", "-timeout", "2m", "-overlay", list, tested).CombinedOutput()
	if err == nil {
		return false, nil
	}
	if strings.Contains(string(out), "[build failed]") {
		return false, fmt.Errorf("%s:%d does not build without the refusal:\n%s", m.file, m.line, out)
	}
	return true, nil
}

func describe(results []result) string {
	var b strings.Builder
	lived := slices.DeleteFunc(slices.Clone(results), func(r result) bool { return r.killed })
	fmt.Fprintf(&b, "# Refusals taken away\n\n`go run ./scripts/mutate` takes each refusal of `services/*/internal/domain` away in turn and runs the tests of that domain. "+
		"Of %d refusals %d were missed by nobody.\n\n| service | refusals | missed by nobody |\n|---|---|---|\n", len(results), len(lived))
	count, of := map[string]int{}, map[string]int{}
	var services []string
	for _, r := range results {
		name := strings.Split(r.file, "/")[1]
		if count[name] == 0 {
			services = append(services, name)
		}
		count[name]++
		if !r.killed {
			of[name]++
		}
	}
	for _, name := range services {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", name, count[name], of[name])
	}
	if len(lived) > 0 {
		b.WriteString("\nMissed by nobody:\n\n")
	}
	for _, r := range lived {
		fmt.Fprintf(&b, "- `%s`: `%s`\n", r.file, r.text)
	}
	return b.String()
}
