// Command ostiary-policy runs the service policy alone.
package main

import (
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/policy"
)

func main() { servicekit.Main(policy.Definition()) }
