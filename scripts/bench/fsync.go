package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// fsyncLatency is the median time that the disk of dir takes to make 8 kB, a
// PostgreSQL page, durable. It bounds every figure that commits.
func fsyncLatency(dir string) (time.Duration, error) {
	file, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return 0, fmt.Errorf("measure the disk: %w", err)
	}
	defer func() {
		_ = file.Close() // it held nothing
		_ = os.Remove(file.Name())
	}()
	page := make([]byte, 8192)
	took := make([]time.Duration, 200)
	for i := range took {
		began := time.Now()
		if _, err := file.WriteAt(page, 0); err != nil {
			return 0, fmt.Errorf("measure the disk: %w", err)
		}
		if err := datasync(file); err != nil {
			return 0, fmt.Errorf("measure the disk: %w", err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
