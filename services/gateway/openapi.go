package gateway

import (
	_ "embed"
	"net/http"
)

// OpenAPI is the description of REST, OpenAPI 3, made by `make generate`.
//
//go:embed openapi.json
var OpenAPI []byte

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(OpenAPI) // the caller may have gone
}
