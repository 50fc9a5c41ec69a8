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

func number(n int64) string { return strconv.FormatInt(n, 10) }
