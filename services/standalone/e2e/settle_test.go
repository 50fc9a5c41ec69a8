package e2e

import (
	"fmt"
	"strings"
	"time"
)

// settle returns when nothing is under way any more, whoever began it: no order
// is open, every service has taken in everything that the others wrote and
// shows it, and a second look sees the same.
func (i *installation) settle() {
	i.t.Helper()
	before, why := "", ""
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); pause() {
		var now string
		if open := i.lines("order", "list", "--open", "--limit", "1"); len(open) > 0 {
			before, why = "", fmt.Sprintf("order %v is open", open[0])
			continue
		}
		if now, why = i.look(); why == "" && now == before {
			return
		}
		before = now
	}
	i.t.Fatalf("does not settle: %s", why)
}

// look returns where everything is, and what lags behind.
func (i *installation) look() (now, why string) {
	i.t.Helper()
	services := i.object("status")["services"].([]any)
	heads := map[string]string{}
	for _, s := range services {
		service := s.(map[string]any)
		heads[service["service"].(string)] = service["position"].(string)
	}
	var all strings.Builder
	for _, s := range services {
		service := s.(map[string]any)
		name := service["service"].(string)
		fmt.Fprintf(&all, "%s=%s ", name, heads[name])
		for _, in := range service["inbox"].([]any) {
			inbox := in.(map[string]any)
			source := inbox["source"].(string)
			if inbox["position"] != heads[source] {
				why = fmt.Sprintf("%s has taken in %s of %s=%s", name, inbox["position"], source, heads[source])
			}
		}
		for _, p := range service["projections"].([]any) {
			projection := p.(map[string]any)
			if projection["position"] != heads[name] {
				why = fmt.Sprintf("%s of %s shows %s of %s", projection["name"], name, projection["position"], heads[name])
			}
		}
	}
	return all.String(), why
}
