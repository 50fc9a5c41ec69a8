// Package relaybench measures how long an event takes from the answer of the
// event store to a reader of JetStream, as an installation is configured:
// PostgreSQL that flushes every commit, an encrypted JetStream that flushes
// every message, a reader over TCP.
package relaybench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Result is one figure.
type Result struct {
	Name  string
	Value float64
	Unit  string
	// Goal is what Value should not exceed; on a slow disk the caller adds to it.
	Goal float64
}

const (
	// rate is how many events a second are offered.
	rate = 1000
	// rounds is how often it is measured; the medians count.
	rounds = 3
	// warm is how long each round runs before it counts.
	warm = time.Second
	// span is how long each round counts.
	span = 4 * time.Second
)

// Run measures on a database of its own in the server of adminURL, which needs
// a superuser, and on an embedded NATS server in a temporary folder.
func Run(ctx context.Context, adminURL string) ([]Result, error) {
	return run(ctx, adminURL, rounds, warm, span)
}

func run(ctx context.Context, adminURL string, rounds int, warm, span time.Duration) (results []Result, err error) {
	var p50, p99 []time.Duration
	for range rounds {
		delays, err := round(ctx, adminURL, warm, span)
		if err != nil {
			return nil, err
		}
		p50 = append(p50, quantile(delays, 0.50))
		p99 = append(p99, quantile(delays, 0.99))
	}
	return []Result{
		{Name: "relay_p50", Value: milliseconds(quantile(p50, 0.5)), Unit: "ms", Goal: 1},
		{Name: "relay_p99", Value: milliseconds(quantile(p99, 0.5)), Unit: "ms", Goal: 5},
	}, nil
}

// round measures once, on an installation of its own.
func round(ctx context.Context, adminURL string, warm, span time.Duration) (delays []time.Duration, err error) {
	i, err := install(ctx, adminURL)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, i.remove(context.WithoutCancel(ctx))) }()
	skip := int(warm.Seconds() * rate)
	total := skip + int(span.Seconds()*rate)
	received := make(chan arrivals, 1)
	go func() { received <- i.receive(ctx, total) }()
	answered, err := i.offer(ctx, total)
	if err != nil {
		return nil, err
	}
	arrived := <-received
	if arrived.err != nil {
		return nil, arrived.err
	}
	for n := skip; n < total; n++ {
		// An event may overtake the answer to its appender.
		delays = append(delays, max(0, arrived.at[n].Sub(answered[n])))
	}
	return delays, nil
}

func quantile[T cmp.Ordered](values []T, q float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1))]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// String is the figure in a line.
func (r Result) String() string {
	return fmt.Sprintf("%s value=%.3f unit=%s goal<=%g", r.Name, r.Value, r.Unit, r.Goal)
}
