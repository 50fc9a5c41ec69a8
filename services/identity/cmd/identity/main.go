// Command identity runs the service identity in a process of its own.
package main

import (
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity"
)

func main() { servicekit.Main(identity.Definition()) }
