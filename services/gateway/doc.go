// Package gateway is the door for everybody who does not speak gRPC: REST under
// /api/v1, its description at /api/openapi.json, and the page for signing in.
//
// It understands nothing: each request becomes one call to the service that
// answers it, with the caller's own credential. It holds no key and no state.
package gateway
