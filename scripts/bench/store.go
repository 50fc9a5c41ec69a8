package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/libs/eventstore/postgres/appendbench"
	"github.com/ostiary/ostiary/libs/messaging/relaybench"
	"github.com/ostiary/ostiary/libs/projection/rebuildbench"
)

// benchStore measures event store, relay and rebuild on the database server of
// a fresh, idle installation, so with its configuration.
func benchStore(ctx context.Context) (figures []Figure, err error) {
	i, remove, err := startInstallation(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	address, err := i.superuser()
	if err != nil {
		return nil, err
	}
	// First, while the disk has nothing else to write back.
	if figures, err = relay(ctx, address, i.home); err != nil {
		return nil, err
	}
	appends, err := appendbench.Run(ctx, address, appendbench.Options{})
	if err != nil {
		return nil, err
	}
	for _, r := range appends {
		figures = append(figures, atLeast(r.Name, r.Unit, r.Value, r.Baseline, r.Ratio, r.Goal))
	}
	rebuilds, err := rebuildbench.Run(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, r := range rebuilds {
		figures = append(figures, atLeast(r.Name, r.Unit, r.Value, r.Baseline, r.Ratio, r.Goal))
	}
	return figures, nil
}

// relay measures the relay and, before and after it, how fast the disk flushes:
// JetStream flushes every message, so on a disk that needs more than 0.2 ms the
// goals grow by three flushes.
func relay(ctx context.Context, address, dir string) (figures []Figure, err error) {
	before, err := flushes(dir)
	if err != nil {
		return nil, err
	}
	results, err := relaybench.Run(ctx, address)
	if err != nil {
		return nil, err
	}
	after, err := flushes(dir)
	if err != nil {
		return nil, err
	}
	fsync := quantile(slices.Concat(before, after), 0.5)
	fmt.Printf("fsync %.3f ms around the relay\n", ms(fsync))
	var allowance float64
	if fsync > 200*time.Microsecond {
		allowance = 3 * ms(fsync)
	}
	for _, r := range results {
		goal := r.Goal + allowance
		figures = append(figures, atMost(r.Name, r.Unit, r.Value, goal, fmt.Sprintf("<=%.2f", goal)))
	}
	return figures, nil
}

// superuser is the address of the installation's database server.
func (i *installation) superuser() (string, error) {
	var words [2]string
	for n, name := range []string{"password", "port"} {
		b, err := os.ReadFile(filepath.Join(i.home, "pg", name))
		if err != nil {
			return "", fmt.Errorf("find the database server: %w", err)
		}
		words[n] = strings.TrimSpace(string(b))
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", words[0]), Host: net.JoinHostPort("127.0.0.1", words[1]), Path: "/postgres",
	}
	return u.String(), nil
}
