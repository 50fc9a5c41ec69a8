package policy

import (
	"context"
	"fmt"
	"sync"
	"time"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/packs"
)

// Rules are the pack that decides. The zero value says that none does.
type Rules struct {
	Version     int64
	Digest      string
	EffectiveAt time.Time
	Pack        *pack.Pack
}

// PackInForce knows the pack that decides. It keeps the parsed pack in memory
// and looks into the store for a newer one each time it is asked, so an answer
// is never older than the question, with any number of processes.
type PackInForce struct {
	journal *eventstore.Journal

	mu      sync.Mutex
	version int64 // of the stream
	rules   Rules
}

// NewPackInForce knows nothing until it is asked.
func NewPackInForce(j *eventstore.Journal) *PackInForce { return &PackInForce{journal: j} }

// Current returns the pack that is in force now.
func (p *PackInForce) Current(ctx context.Context) (Rules, error) {
	p.mu.Lock()
	version, rules := p.version, p.rules
	p.mu.Unlock()
	const page = 16 // bodies are large, and all but the newest are looked at once
	for {
		news, err := p.journal.Store.ReadStream(ctx, packs.Stream, version, page)
		if err != nil {
			return Rules{}, fmt.Errorf("read the pack in force: %w", err)
		}
		for _, r := range news {
			f, err := p.journal.Decode(ctx, r)
			if err != nil {
				return Rules{}, err
			}
			version = r.Version
			if e, ok := f.Message.(*accessv1.PackEnforced); ok {
				if rules, err = parse(e); err != nil {
					return Rules{}, err
				}
			}
		}
		if len(news) < page {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if version > p.version {
		p.version, p.rules = version, rules
	}
	return p.rules, nil
}

func parse(e *accessv1.PackEnforced) (Rules, error) {
	parsed, problems := pack.Parse(e.GetBody())
	if len(problems) > 0 {
		return Rules{}, fmt.Errorf("pack %d is in force and this binary cannot read it: %s", e.GetVersion(), problems[0])
	}
	return Rules{Version: e.GetVersion(), Digest: e.GetDigest(), EffectiveAt: e.GetEffectiveAt().AsTime(), Pack: parsed}, nil
}
