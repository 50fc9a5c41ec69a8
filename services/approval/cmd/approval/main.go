// Command ostiary-approval runs the service approval alone.
package main

import (
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/approval"
)

func main() { servicekit.Main(approval.Definition()) }
