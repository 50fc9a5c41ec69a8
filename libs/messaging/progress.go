package messaging

import (
	"context"
	"sync"
)

// progress is a position that others wait for.
type progress struct {
	mu       sync.Mutex
	position int64
	changed  chan struct{}
}

func (p *progress) get() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.position
}

func (p *progress) set(position int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if position != p.position {
		p.position = position
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

func (p *progress) wait(ctx context.Context, position int64) error {
	for {
		p.mu.Lock()
		reached, changed := p.position >= position, p.changed
		p.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
