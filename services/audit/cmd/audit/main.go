// Command audit runs the audit service as a process of its own.
package main

import (
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/audit"
)

func main() { servicekit.Main(audit.Definition()) }
