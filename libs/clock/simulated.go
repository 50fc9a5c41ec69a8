package clock

import (
	"fmt"
	"strings"
	"time"
)

// Parse reads the setting OSTIARY_CLOCK: "" or "system" for the machine's
// clock, or "simulated:" and the instant at which a simulated one begins, such
// as simulated:2026-01-05T09:00+08:00.
func Parse(setting string) (Clock, error) {
	if setting == "" || setting == "system" {
		return System{}, nil
	}
	at, ok := strings.CutPrefix(setting, "simulated:")
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, at); ok && err == nil {
			return NewManual(t), nil
		}
	}
	return nil, fmt.Errorf("OSTIARY_CLOCK is %q; it is system, or simulated:2026-01-05T09:00+08:00", setting)
}
