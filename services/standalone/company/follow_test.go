package company

import (
	"context"
	"strconv"
	"strings"

	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// told are the services whose histories the witnesses read.
var told = []string{"identity", "access-request", "approval", "provisioning"}

// follow reads the history of a service to its end and beyond, as the ledger
// does, and tells each company what concerns it.
func (i *installation) follow(ctx context.Context, service string, companies []*player) error {
	client := runtimev1.NewRuntimeServiceClient(i.assembly.Conn(service))
	for after := int64(0); ctx.Err() == nil; {
		page, err := client.Feed(i.reader(), &runtimev1.FeedRequest{Service: service, After: after, Limit: 1000, WaitMs: 1000})
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		for _, e := range page.GetEvents() {
			f, err := eventstore.Decode(service, eventstore.FromEnvelope(e))
			if err != nil {
				return err
			}
			after = f.Position
			if n := concerns(f); n >= 1 && n <= len(companies) {
				companies[n-1].sees(service, f)
			}
		}
	}
	return nil
}

// concerns is the number of the company that an event is about; 0 if it is
// about none.
func concerns(f eventstore.Fact) int {
	name := ""
	switch e := f.Message.(type) {
	case interface{ GetEmployeeNumber() string }:
		name = strings.TrimPrefix(e.GetEmployeeNumber(), "E")
	case interface{ GetSource() string }:
		name = strings.TrimPrefix(e.GetSource(), "c")
	}
	if ask, ok := f.Message.(interface{ GetEmployeeNumber() string }); ok && ask.GetEmployeeNumber() == "" {
		name = ""
	}
	if len(name) < 2 {
		return 0
	}
	n, err := strconv.Atoi(name[:2])
	if err != nil {
		return 0
	}
	return n
}
