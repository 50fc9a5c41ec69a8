package main

import (
	"context"
	"time"
)

// bench is one group of figures that is measured in one run.
type bench struct {
	name string
	// run measures and judges; it is given the disk's fsync latency, which moves goals.
	run func(ctx context.Context, fsync time.Duration) ([]Figure, error)
}

// benches are run in this order.
var benches = []bench{
	{"installation", benchInstallation},
}

// atMost is a figure that must not exceed its goal.
func atMost(name, unit string, value, goal float64, text string) Figure {
	return Figure{Name: name, Value: value, Unit: unit, Goal: text, Met: value <= goal}
}
