// Command ostiary-access-request runs the service access-request alone.
package main

import (
	"github.com/ostiary/ostiary/libs/servicekit"

	accessrequest "github.com/ostiary/ostiary/services/access-request"
)

func main() { servicekit.Main(accessrequest.Definition()) }
