// Command lifecycle follows the feed of account and grant changes and prints one
// line for each. It is an example of a reader that misses nothing and does
// nothing twice: it keeps the number of the last entry in a file, only after it
// has dealt with the entry, and drops what it has dealt with.
//
//	go run ./docs/examples/lifecycle .ostiary/clients/lifecycle.json [place.txt]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// client is the file that Ostiary wrote for this reader.
type client struct {
	URL         string   `json:"url"`
	User        string   `json:"user"`
	Password    string   `json:"password"`
	Stream      string   `json:"stream"`
	Durables    []string `json:"durables"`
	InboxPrefix string   `json:"inbox_prefix"`
}

// entry is the part of a CloudEvent that this reader needs.
type entry struct {
	Type     string `json:"type"`
	Subject  string `json:"subject"`
	Sequence string `json:"sequence"`
	Data     struct {
		Application string `json:"application"`
		Role        string `json:"role"`
		Reason      string `json:"reason"`
	} `json:"data"`
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: lifecycle CLIENT.json [PLACE]")
		os.Exit(2)
	}
	place := "lifecycle.place"
	if len(os.Args) > 2 {
		place = os.Args[2]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := follow(ctx, os.Args[1], place); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "lifecycle:", err)
		os.Exit(1)
	}
}

func follow(ctx context.Context, file, place string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var c client
	if err := json.Unmarshal(b, &c); err != nil || len(c.Durables) == 0 {
		return fmt.Errorf("%s is not the file of a client of the lifecycle feed", file)
	}
	conn, err := nats.Connect(c.URL, nats.UserInfo(c.User, c.Password), nats.CustomInboxPrefix(c.InboxPrefix),
		nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	last, err := read(place)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		consumer, err := js.Consumer(ctx, c.Stream, c.Durables[0])
		if err != nil { // the bus is away, or the place is being made anew
			wait(ctx)
			continue
		}
		batch, err := consumer.Fetch(100, jetstream.FetchMaxWait(5*time.Second))
		if err != nil {
			wait(ctx)
			continue
		}
		for m := range batch.Messages() {
			if last, err = take(m, last, place); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// take deals with a message. Only then is its number written down, and only
// then is it acknowledged: whatever is cut off in between comes again.
func take(m jetstream.Msg, last int64, place string) (int64, error) {
	var e entry
	if err := json.Unmarshal(m.Data(), &e); err != nil {
		return last, fmt.Errorf("read an entry: %w", err)
	}
	number, err := strconv.ParseInt(e.Sequence, 10, 64)
	if err != nil {
		return last, fmt.Errorf("read the number %q: %w", e.Sequence, err)
	}
	if number > last {
		fmt.Println(number, e.Type, e.Subject, e.Data.Application+"/"+e.Data.Role, e.Data.Reason)
		if err := write(place, number); err != nil {
			return last, err
		}
		last = number
	}
	_ = m.Ack() // lost, it comes again and is dropped
	return last, nil
}

func read(place string) (int64, error) {
	b, err := os.ReadFile(place)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

// write replaces the file as a whole, so that it is never half written.
func write(place string, number int64) error {
	if err := os.WriteFile(place+".new", []byte(strconv.FormatInt(number, 10)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(place+".new", place)
}

func wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}
