package main

import (
	"context"
	"fmt"
)

// bench is one group of figures that is measured in one run.
type bench struct {
	name string
	// run measures and judges.
	run func(ctx context.Context) ([]Figure, error)
}

// benches are run in this order.
var benches = []bench{
	{"store", benchStore},
	{"installation", benchInstallation},
	{"leaver", benchLeaver},
}

// atMost is a figure that must not exceed its goal.
func atMost(name, unit string, value, goal float64, text string) Figure {
	return Figure{Name: name, Value: value, Unit: unit, Goal: text, Met: value <= goal}
}

// atLeast is a figure whose ratio to its baseline must reach the goal.
func atLeast(name, unit string, value, baseline, ratio, goal float64) Figure {
	return Figure{
		Name: name, Value: value, Unit: unit, Baseline: baseline, Ratio: ratio, Goal: fmt.Sprintf(">=%gx", goal), Met: ratio >= goal,
	}
}
