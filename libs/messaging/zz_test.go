package messaging_test

import (
	"testing"
	"time"
	"os"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/ostiary/ostiary/libs/messaging"
)

func TestZZ(t *testing.T) {
	f, _ := os.CreateTemp(t.TempDir(), "x")
	st := time.Now()
	for range 200 { f.Write(make([]byte, 300)); f.Sync() }
	fmt.Println("fsync", time.Since(st)/200)
	for _, key := range []string{"", "kkkkkkkkkkkkkkkkkkkkkkk"} {
		for _, sync := range []bool{false, true} {
			s, err := messaging.Embedded(messaging.Config{Dir: t.TempDir(), Port: -1, Users: users(), SyncAlways: sync, Key: key})
			if err != nil { t.Fatal(err) }
			b := &bus{t: t, server: s}
			b.mustEnsure()
			c, _ := s.Connect("identity", quiet)
			js, _ := jetstream.New(c)
			st := time.Now()
			for range 2000 { js.PublishAsync("ev.identity.a.b", make([]byte, 200)) }
			<-js.PublishAsyncComplete()
			fmt.Println("key", key != "", "sync", sync, time.Since(st)/2000)
			c.Close()
			s.Close()
		}
	}
}
