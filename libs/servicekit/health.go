package servicekit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Health serves /healthz and /readyz of a process, and /metrics if given. /healthz
// answers while the process serves; /readyz also names what a person must look at,
// such as a parked event or a silent source, and is for monitors: whatever sends
// calls to the process asks /healthz. It answers only on the address it is given,
// which is loopback by default.
type Health struct {
	// Causes lists why the process is not ready. Anybody may read it, so it
	// holds neither streams nor errors; see Host.Brief.
	Causes func() []string
	// Metrics serves /metrics; may be nil.
	Metrics http.Handler
}

// Serve answers until ctx ends.
func (h Health) Serve(ctx context.Context, listener net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", h.ready)
	if h.Metrics != nil {
		mux.Handle("GET /metrics", h.Metrics)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve health: %w", err)
	}
	return nil
}

// ready answers 200, or 503 with the causes.
func (h Health) ready(w http.ResponseWriter, _ *http.Request) {
	causes := h.Causes()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if len(causes) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": len(causes) == 0, "causes": causes})
}
