package command

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ostiary/ostiary/libs/clock"
)

const offset = "-07:00"

// timed is the heading of a column of instants: it says the
// installation's zone once.
func (a *app) timed(zh, en string) string {
	return a.printer.Say(zh, en) + " (" + clock.System{}.Now().In(a.zone).Format(offset) + ")"
}

// local is an instant below such a heading, "" if there is none.
func (a *app) local(t *timestamppb.Timestamp) string {
	return wallClock(t, a.zone, clock.System{}.Now())
}

// wallClock is an instant as a clock on the wall there shows it. It says
// its own offset where that is not the one of now: in winter, of the summer.
func wallClock(t *timestamppb.Timestamp, zone *time.Location, now time.Time) string {
	if t == nil {
		return ""
	}
	there := t.AsTime().In(zone)
	shown := there.Format(time.DateTime)
	if own := there.Format(offset); own != now.In(zone).Format(offset) {
		shown += " " + own
	}
	return shown
}

// alone is an instant that stands by itself, with its zone.
func (a *app) alone(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().In(a.zone).Format(time.DateTime + " " + offset)
}

// short is an event's name without its package.
func short(fullName string) string {
	return fullName[strings.LastIndexByte(fullName, '.')+1:]
}

// sentence is what something says in the reader's language, or in English if it
// says nothing else.
func (a *app) sentence(of interface {
	GetMessage() string
	GetMessageZh() string
},
) string {
	if zh := of.GetMessageZh(); zh != "" {
		return a.printer.Say(zh, of.GetMessage())
	}
	return of.GetMessage()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
