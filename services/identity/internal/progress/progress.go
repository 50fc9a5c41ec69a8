// Package progress tells whoever waits for an import how far it is. It is a
// courtesy of one process: what counts is in the events.
package progress

import "sync"

// Board holds how far each snapshot in work is.
type Board struct {
	mu      sync.Mutex
	marks   map[string]Mark
	changed chan struct{}
}

// Mark is how far one snapshot is.
type Mark struct{ Done, Total int }

// NewBoard returns an empty board.
func NewBoard() *Board { return &Board{marks: map[string]Mark{}, changed: make(chan struct{})} }

// Set notes how far a snapshot is.
func (b *Board) Set(snapshot string, m Mark) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.marks[snapshot] = m
	b.wake()
}

// Drop forgets a snapshot that is done.
func (b *Board) Drop(snapshot string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.marks, snapshot)
	b.wake()
}

// Get returns how far a snapshot is and a channel that is closed when anything
// changes.
func (b *Board) Get(snapshot string) (Mark, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.marks[snapshot], b.changed
}

func (b *Board) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}
