package outfeed

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The feeds.
const (
	Lifecycle = "lifecycle"
	HrReply   = "hrreply"
)

// Source is who speaks in every feed.
const Source = "ostiary/identity"

// Entry is one thing that is told.
type Entry struct {
	// Sequence is the number; given when the entry is written.
	Sequence int64
	// Service and Position are the event that tells it; once for each feed.
	Service  string
	Position int64
	// Name is what happened, for example account.opened.
	Name string
	// Topic is where it is published.
	Topic string
	// About is whom it concerns: an account, or an employee number.
	About string
	// Data is what is told, as JSON.
	Data json.RawMessage
	// At is when it happened.
	At time.Time
}

// types are the CloudEvents types of a feed, before the name.
var types = map[string]string{Lifecycle: "ostiary.", HrReply: "hr."}

// CloudEvent is the entry in CloudEvents 1.0 structured JSON.
func (e Entry) CloudEvent(feed string) ([]byte, error) {
	b, err := json.Marshal(struct {
		SpecVersion     string          `json:"specversion"`
		ID              string          `json:"id"`
		Source          string          `json:"source"`
		Type            string          `json:"type"`
		Subject         string          `json:"subject,omitempty"`
		Time            string          `json:"time"`
		Sequence        string          `json:"sequence"`
		DataContentType string          `json:"datacontenttype"`
		Data            json.RawMessage `json:"data"`
	}{
		"1.0", fmt.Sprintf("%s-%d", feed, e.Sequence), Source, types[feed] + e.Name + ".v1", e.About,
		e.At.UTC().Format(time.RFC3339Nano), strconv.FormatInt(e.Sequence, 10), "application/json", e.Data,
	})
	if err != nil {
		return nil, fmt.Errorf("encode entry %d of %s: %w", e.Sequence, feed, err)
	}
	return b, nil
}
