package e2e

import (
	"io"
	"net/http"
)

// readiness is what /readyz answers.
func (i *installation) readiness() (code int, body string) {
	i.t.Helper()
	r, err := http.Get(i.health + "/readyz")
	if err != nil {
		i.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return r.StatusCode, string(b)
}
