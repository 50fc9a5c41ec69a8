package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// flushes are times that the disk of dir took to make 8 kB, a PostgreSQL page,
// durable. They bound every figure that commits.
func flushes(dir string) ([]time.Duration, error) {
	file, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return nil, fmt.Errorf("measure the disk: %w", err)
	}
	defer func() {
		_ = file.Close() // it held nothing
		_ = os.Remove(file.Name())
	}()
	page := make([]byte, 8192)
	took := make([]time.Duration, 500)
	for i := range took {
		began := time.Now()
		if _, err := file.WriteAt(page, 0); err != nil {
			return nil, fmt.Errorf("measure the disk: %w", err)
		}
		if err := datasync(file); err != nil {
			return nil, fmt.Errorf("measure the disk: %w", err)
		}
		took[i] = time.Since(began)
	}
	return took, nil
}

// quantile is the part q of the values in order.
func quantile(values []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1))]
}
