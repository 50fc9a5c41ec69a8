package command

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// instant reads a point in time, nil for "". A bare date means its 24:00 where
// the installation's days end, wherever the reader sits.
func (a *app) instant(ctx context.Context, s string) (*timestamppb.Timestamp, error) {
	if s == "" {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return timestamppb.New(t), nil
		}
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return nil, a.misused("时点须为日期（YYYY-MM-DD）或 RFC 3339，而不是 "+s, "a time is YYYY-MM-DD or RFC 3339, not "+s)
	}
	if _, _, err := a.signedIn(ctx); err != nil { // the answer names the zone
		return nil, err
	}
	zone, err := a.tokens.Zone()
	if err != nil {
		return nil, err
	}
	return endOfDay(s, zone)
}

// firstInstant is the first instant of what begins on a day, lastInstant the
// first one after what ends on a day: its last day counts whole. Nil for "".
func (a *app) firstInstant(ctx context.Context, s string) (*timestamppb.Timestamp, error) {
	t, err := a.instant(ctx, s)
	if err != nil || t == nil || !isDate(s) {
		return t, err
	}
	return timestamppb.New(t.AsTime().Add(time.Microsecond).AddDate(0, 0, -1)), nil
}

func (a *app) lastInstant(ctx context.Context, s string) (*timestamppb.Timestamp, error) {
	t, err := a.instant(ctx, s)
	if err != nil || t == nil || !isDate(s) {
		return t, err
	}
	return timestamppb.New(t.AsTime().Add(time.Microsecond)), nil
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// endOfDay is the last instant of a day: what begins at the next midnight is not
// part of it.
func endOfDay(date string, zone *time.Location) (*timestamppb.Timestamp, error) {
	day, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		return nil, fmt.Errorf("read the date: %w", err)
	}
	return timestamppb.New(day.AddDate(0, 0, 1).Add(-time.Microsecond)), nil
}
