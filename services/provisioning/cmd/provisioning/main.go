// Command provisioning runs the provisioning service as a process of its own.
package main

import (
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/provisioning"
)

func main() { servicekit.Main(provisioning.Definition()) }
