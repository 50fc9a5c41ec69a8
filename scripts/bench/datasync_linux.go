package main

import (
	"os"
	"syscall"
)

// datasync is what PostgreSQL uses on Linux.
func datasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
