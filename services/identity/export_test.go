package identity

import (
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
)

// Quick is the service with passwords that are cheap to guess: the race detector
// makes the full cost five times as high.
func Quick() servicekit.Definition { return definition(credential.Cost{MemoryKiB: 64, Passes: 1}) }
