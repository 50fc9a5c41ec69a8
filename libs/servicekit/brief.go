package servicekit

import (
	"fmt"
	"maps"
	"slices"
)

// Reasons of an open /readyz; what is behind them is told by 'ostiary status'.
const (
	reasonParked      = "EVENT_PARKED"
	reasonInbox       = "INBOX_HELD_UP"
	reasonRelay       = "RELAY_HELD_UP"
	reasonProjections = "READ_MODELS_HELD_UP"
	reasonService     = "SERVICE_HELD_UP"
)

// brief tells of each cause only where it is and its reason. Causes are
// sentences with whatever an error said, so none is passed on.
func (u *unit) brief() []string {
	var causes []string
	if len(u.relay.Causes()) > 0 {
		causes = append(causes, fmt.Sprintf("relay at position %d: %s", u.relay.Position(), reasonRelay))
	}
	if len(u.projections.Causes()) > 0 {
		causes = append(causes, "read models: "+reasonProjections)
	}
	for _, source := range slices.Sorted(maps.Keys(u.intakes)) {
		intake := u.intakes[source]
		if len(intake.Causes()) == 0 {
			continue
		}
		if inbox := u.inboxes[source]; inbox != nil && inbox.FirstParked() > 0 {
			causes = append(causes, fmt.Sprintf("inbox of %s: event %d is parked, parked in all %d: %s", source, inbox.FirstParked(), inbox.Parked(), reasonParked))
			continue
		}
		causes = append(causes, fmt.Sprintf("inbox of %s at position %d: %s", source, intake.Position(), reasonInbox))
	}
	if u.service.Causes != nil && len(u.service.Causes()) > 0 {
		causes = append(causes, reasonService)
	}
	return causes
}
