package memory_test

import (
	"testing"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"
	"github.com/ostiary/ostiary/libs/eventstore/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) eventstore.Store { return memory.New(clock.NewManual(storetest.Now)) })
}
