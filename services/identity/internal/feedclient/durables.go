// Package feedclient says where an outside system reads its feed.
package feedclient

import (
	"fmt"

	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
	"github.com/ostiary/ostiary/services/identity/internal/outfeed"
)

// The streams of the feeds.
const (
	LifecycleStream = "LIFECYCLE"
	ReplyStream     = "HRREPLY"
)

// readers is how many readers of the lifecycle feed a client may run.
const readers = 3

// Stream is the JetStream stream that a client of a feed reads.
func Stream(feed string) string {
	if feed == client.HR {
		return ReplyStream
	}
	return LifecycleStream
}

// Durables are the places of a client in its stream.
func Durables(name, feed, source string) (durables []outfeed.Durable) {
	if feed == client.HR {
		topic := "hrreply." + source + ".>"
		if source == client.AllSources {
			topic = "hrreply.>"
		}
		return []outfeed.Durable{{Name: "hrreply-" + name, Topics: []string{topic}}}
	}
	for n := range readers {
		durables = append(durables, outfeed.Durable{Name: fmt.Sprintf("%s-%d", name, n+1)})
	}
	return durables
}

// Names are the names of the durables.
func Names(name, feed, source string) (names []string) {
	for _, d := range Durables(name, feed, source) {
		names = append(names, d.Name)
	}
	return names
}
