// Command standalone runs all of Ostiary in one process.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

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
		fmt.Fprintln(os.Stderr, err)
		os.Exit(refused)
	case err != nil:
		fmt.Fprintln(os.Stderr, "ostiary-standalone:", err)
		os.Exit(1)
	}
}
