package book

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A disk that is full for an hour must not end the services.
func TestANotaryThatFailsTriesAgainAndSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	folder := filepath.Dir(d.seal.File)
	n := d.notary(d.open())
	if err := os.WriteFile(folder, nil, 0o600); err != nil { // nothing can be kept there now
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	until := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.After(time.Minute); !is(); {
			select {
			case err := <-ended:
				t.Fatalf("never %s: it ended with %v", what, err)
			case <-deadline:
				t.Fatalf("never %s: %v", what, n.Causes())
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	until("named", func() bool {
		return len(n.Causes()) == 1 && strings.HasPrefix(n.Causes()[0], "the ledger is not signed since")
	})
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	until("signed", func() bool { note, err := d.seal.read(); return err == nil && note != "" && len(n.Causes()) == 0 })
	cancel()
	<-ended
}
