// Command standalone runs all of Ostiary in one process.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/standalone"
	"github.com/ostiary/ostiary/services/standalone/internal/instance"
)

// refused is the exit code of a second start.
const refused = 3

// gcPercent keeps the process below 200 MB while it takes in a company of 2,000
// people; the collector's share of the time rises from 4 to 7 percent. GOGC
// overrides it.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := standalone.Run(ctx, os.Stdout)
	stop()
	switch {
	case errors.Is(err, instance.ErrRunning):
		explain(err)
		os.Exit(refused)
	case err != nil:
		explain(err)
		os.Exit(1)
	}
}

// explain says in both languages why nothing runs.
func explain(err error) {
	f, ok := fault.Of(err)
	if !ok {
		fmt.Fprintln(os.Stderr, "ostiary-standalone:", err)
		return
	}
	fmt.Fprintf(os.Stderr, "\n  %s\n  %s  [%s]\n", f.MessageZH, f.Message, f.Reason)
	for _, key := range slices.Sorted(maps.Keys(f.Details)) {
		fmt.Fprintf(os.Stderr, "    %s: %s\n", key, f.Details[key])
	}
	fmt.Fprintln(os.Stderr)
}
