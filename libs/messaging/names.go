package messaging

import (
	"strings"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// StreamName is the JetStream stream of a service's events: access-request has
// EV_ACCESS_REQUEST.
func StreamName(service string) string {
	return "EV_" + strings.ToUpper(strings.ReplaceAll(service, "-", "_"))
}

// Subject is where an event is published: ev.<service>.<stream type>.<EventName>.
func Subject(service string, r eventstore.Recorded) string {
	name := r.Type[strings.LastIndexByte(r.Type, '.')+1:]
	return "ev." + service + "." + token(eventstore.StreamType(r.Stream)) + "." + token(name)
}

// DurableName names a consumer's place in the stream of a source. It is the
// durable identity of the consumer: never change how it is formed.
func DurableName(consumer, source string) string { return consumer + "-from-" + source }

// inboxPrefix is where the replies for a user arrive; nobody else may read them.
func inboxPrefix(user string) string { return "_INBOX_" + token(user) }

// token makes one subject token of any text, so that no event can be
// unpublishable.
func token(s string) string {
	if s == "" {
		return "_"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, s)
}
