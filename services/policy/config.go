package policy

import (
	"fmt"
	"time"

	"github.com/kelseyhightower/envconfig"

	reactions "github.com/ostiary/ostiary/services/policy/internal/policy"
)

// Config is every setting of the service, read from POLICY_….
type Config struct {
	// Subscribers are asked to validate a pack and must take it in before it
	// holds. One that an installation does not run is left out.
	Subscribers []string `envconfig:"SUBSCRIBERS" default:"identity,access-request,approval,provisioning"`
	// PublishWait is how long ApplyPack waits until a pack is active everywhere;
	// an organisation of very many people needs more.
	PublishWait time.Duration `envconfig:"PUBLISH_WAIT" default:"30s"`
}

func load() (Config, error) {
	var c Config
	if err := envconfig.Process("policy", &c); err != nil {
		return c, fmt.Errorf("read settings: %w", err)
	}
	if len(c.Subscribers) == 0 || c.PublishWait <= 0 {
		return c, fmt.Errorf("read settings: POLICY_SUBSCRIBERS must name a service and POLICY_PUBLISH_WAIT be positive")
	}
	for _, s := range c.Subscribers {
		if reactions.Subscribers[s] == nil {
			return c, fmt.Errorf("read settings: POLICY_SUBSCRIBERS names %q, which does not decide by packs", s)
		}
	}
	return c, nil
}
