package provisioning

import (
	"fmt"
	"time"

	"github.com/kelseyhightower/envconfig"

	"github.com/ostiary/ostiary/services/provisioning/internal/worker"
)

// Config is every setting of provisioning, read from PROVISIONING_…. The
// connection strings of targets are read from the variables that the pack names.
type Config struct {
	// TargetTimeout limits each exchange with a target; a slow network needs
	// more.
	TargetTimeout time.Duration `split_words:"true" default:"15s"`
	// Batch is how many accounts of a target are worked on together.
	Batch int `split_words:"true" default:"200"`
	// FirstPause and LongestPause bound the pause before a failed attempt is
	// repeated.
	FirstPause   time.Duration `split_words:"true" default:"250ms"`
	LongestPause time.Duration `split_words:"true" default:"1m"`
}

func load() (Config, error) {
	var c Config
	if err := envconfig.Process("provisioning", &c); err != nil {
		return c, fmt.Errorf("read settings: %w", err)
	}
	if c.TargetTimeout < time.Second || c.Batch < 1 || c.FirstPause <= 0 || c.LongestPause < c.FirstPause {
		return c, fmt.Errorf("read settings: PROVISIONING_TARGET_TIMEOUT must be 1s or more, PROVISIONING_BATCH 1 or more, and PROVISIONING_LONGEST_PAUSE no shorter than PROVISIONING_FIRST_PAUSE")
	}
	return c, nil
}

func (c Config) limits() worker.Limits {
	// A call of an adapter consists of a few exchanges; what exceeds this hangs
	// for another reason.
	const exchanges = 6
	return worker.Limits{Batch: c.Batch, Call: exchanges * c.TargetTimeout, First: c.FirstPause, Longest: c.LongestPause}
}
