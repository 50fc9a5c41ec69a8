package command

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// local is an instant in the reader's zone, "" if there is none.
func local(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Local().Format(time.DateTime)
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
