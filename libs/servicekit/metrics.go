package servicekit

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Observe registers the gauges that tell how far each service is.
func (h *Host) Observe(meter metric.Meter) error {
	gauge := func(name, about string) (metric.Int64ObservableGauge, error) {
		return meter.Int64ObservableGauge(name, metric.WithDescription(about))
	}
	position, err1 := gauge("ostiary_store_position", "Last position of the event store.")
	relayed, err2 := gauge("ostiary_relay_position", "Last position that the bus has acknowledged.")
	taken, err3 := gauge("ostiary_inbox_position", "Last position taken in from a source.")
	parked, err4 := gauge("ostiary_inbox_parked", "Events of a source that could not be processed.")
	ready, err5 := gauge("ostiary_ready", "1 if the service is ready.")
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return fmt.Errorf("set up metrics: %w", err)
		}
	}
	_, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		for _, name := range h.order {
			u := h.units[name]
			service := metric.WithAttributes(attribute.String("service", name))
			if head, err := u.store.Head(ctx); err == nil {
				o.ObserveInt64(position, head, service)
			}
			o.ObserveInt64(relayed, u.relay.Position(), service)
			isReady := int64(0)
			if len(u.causes()) == 0 {
				isReady = 1
			}
			o.ObserveInt64(ready, isReady, service)
			for source, inbox := range u.intakes {
				from := metric.WithAttributes(attribute.String("service", name), attribute.String("source", source))
				o.ObserveInt64(taken, inbox.Position(), from)
				o.ObserveInt64(parked, int64(inbox.Parked()), from)
			}
		}
		return nil
	}, position, relayed, taken, parked, ready)
	if err != nil {
		return fmt.Errorf("set up metrics: %w", err)
	}
	return nil
}
