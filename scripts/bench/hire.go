package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// benchInstallation hires two thousand people with four rights each on a fresh
// installation, until every right has been read back from its target, then
// looks at the memory and starts the installation again, warm.
func benchInstallation(ctx context.Context) (figures []Figure, err error) {
	i, remove, err := startInstallation(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	took, err := hire(ctx, i, 2000)
	if err != nil {
		return nil, err
	}
	memory, err := i.residentMB(ctx)
	if err != nil {
		return nil, err
	}
	var starts []float64
	for range 3 {
		if err := i.stop(); err != nil {
			return nil, err
		}
		took, err := i.start(ctx)
		if err != nil {
			return nil, err
		}
		starts = append(starts, took.Seconds())
	}
	slices.Sort(starts)
	return []Figure{
		atMost("hire_2000", "s", took.Seconds(), 60, "<=60"),
		atMost("memory", "MB", memory, 200, "<=200"),
		atMost("startup", "s", starts[1], 5, "<=5"),
	}, nil
}

const hirePack = `version: 1
effective: 2020-01-01T00:00:00+08:00
sources: [{name: bench, silence: 24h}]
applications:
  - id: orders
    title: {zh: 订单库, en: Orders}
    owner: E00001
    target: orders-db
    roles: [{id: r1, level: B, max: 365d}, {id: r2, level: B, max: 365d}, {id: r3, level: B, max: 365d}, {id: r4, level: B, max: 365d}]
matrix: [{position: clerk, grants: [orders/r1, orders/r2, orders/r3, orders/r4]}]
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}]
`

const hireMap = `source: bench
key: employee_number
encoding: utf-8
columns: {employee_number: number, name: name, position: position, unit: [unit], supervisor: {column: supervisor, match: number}}
constants: {kind: employee}
guard: 10%
`

// hire imports n people and returns how long it took until all their rights
// were confirmed.
func hire(ctx context.Context, i *installation, n int) (time.Duration, error) {
	var people strings.Builder
	people.WriteString("number,name,position,unit,supervisor\nE00001,Head,manager,HQ,\n")
	for k := range n {
		fmt.Fprintf(&people, "E%05d,Clerk %d,clerk,HQ,E00001\n", k+2, k+2)
	}
	paths := map[string]string{"pack.yaml": hirePack, "map.yaml": hireMap, "people.csv": people.String()}
	for name, text := range paths {
		paths[name] = filepath.Join(i.home, name)
		if err := os.WriteFile(paths[name], []byte(text), 0o600); err != nil {
			return 0, fmt.Errorf("write %s: %w", name, err)
		}
	}
	if err := i.ostiary(ctx, password+"\n", "login", "--user", "admin", "--password-stdin"); err != nil {
		return 0, err
	}
	if err := i.ostiary(ctx, "", "policy", "apply", paths["pack.yaml"], "--wait", "60s"); err != nil {
		return 0, err
	}
	began := time.Now()
	err := i.ostiary(ctx, "", "hr", "import", paths["people.csv"], "--map", paths["map.yaml"], "--wait", "10m")
	return time.Since(began), err
}
