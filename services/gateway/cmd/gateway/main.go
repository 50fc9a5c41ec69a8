// Command ostiary-gateway serves REST, the page, and gRPC for all services.
package main

import "github.com/ostiary/ostiary/services/gateway"

func main() { gateway.Main() }
