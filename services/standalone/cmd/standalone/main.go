// Command standalone runs all of Ostiary in one process.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/ostiary/ostiary/services/standalone"
	"github.com/ostiary/ostiary/services/standalone/internal/instance"
)

// refused is the exit code of a second start.
const refused = 3

func main() {
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
