package authn_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary/libs/authn"
)

// answer is what somebody who keeps sessions says next.
type answer struct {
	ended []string
	next  int64
	err   error
}

// door is a gate that is told what the test says.
type door struct {
	gate   *authn.Gate
	says   chan answer
	asked  chan int64
	offset atomic.Int64
}

func open(t *testing.T) *door {
	t.Helper()
	d := &door{says: make(chan answer), asked: make(chan int64, 100)}
	read := func(ctx context.Context, after int64) ([]string, int64, error) {
		d.asked <- after
		select {
		case a := <-d.says:
			return a.ended, a.next, a.err
		case <-ctx.Done():
			return nil, after, ctx.Err()
		}
	}
	d.gate = authn.NewGate(read, func() time.Time { return noon.Add(time.Duration(d.offset.Load())) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.gate.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return d
}

// say gives an answer and waits until the gate asks for the next one.
func (d *door) say(t *testing.T, a answer) (after int64) {
	t.Helper()
	d.says <- a
	return <-d.asked
}

// Covers: IDN-067
func TestAnEndedSessionIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	if after := <-d.asked; after != authn.Beginning {
		t.Errorf("asked first after %d", after)
	}
	if after := d.say(t, answer{ended: []string{"ses_old"}, next: 7}); after != 7 {
		t.Errorf("asked after %d", after)
	}
	if d.gate.Check("ses_1") != nil || !errors.Is(d.gate.Check("ses_old"), authn.ErrSessionEnded) {
		t.Error("the gate does not know what had ended before")
	}
	if after := d.say(t, answer{err: errors.New("away")}); after != 7 {
		t.Errorf("after a failure asked after %d", after)
	}
	d.say(t, answer{ended: []string{"ses_1"}, next: 8})
	if !errors.Is(d.gate.Check("ses_1"), authn.ErrSessionEnded) {
		t.Error("ses_1 is admitted")
	}
	if d.gate.Check("ses_2") != nil {
		t.Error("another session is refused, too")
	}
}

func TestADoorThatCannotSeeStaysShut(t *testing.T) {
	t.Parallel()
	d := open(t)
	<-d.asked
	if !errors.Is(d.gate.Check("ses_1"), authn.ErrSessionUncertain) || d.gate.Ready() {
		t.Error("open before it has looked")
	}
	d.say(t, answer{next: 1})
	if d.gate.Check("ses_1") != nil {
		t.Error("shut at once")
	}
	d.offset.Store(int64(31 * time.Second))
	if !errors.Is(d.gate.Check("ses_1"), authn.ErrSessionUncertain) || d.gate.Ready() {
		t.Error("open after half a minute of silence")
	}
	d.say(t, answer{next: 1})
	if d.gate.Check("ses_1") != nil || !d.gate.Ready() {
		t.Error("shut although there was a word")
	}
}
