package policy

import (
	"context"
	"fmt"
	"maps"
	"sync"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/approval/internal/domain/packs"
)

// Rules are the pack that decides. The zero value says that none does.
type Rules struct {
	Version int64
	Digest  string
	Pack    *pack.Pack
}

// Packs knows the pack that decides, and those that once did: a case keeps the
// route on which it was opened. It keeps parsed packs in memory and looks into
// the store for news each time it is asked, so an answer is never older than
// the question, with any number of processes.
type Packs struct {
	journal *eventstore.Journal

	mu       sync.Mutex
	version  int64 // of the stream
	inForce  int64
	enforced map[int64]*approvalv1.PackEnforced
	parsed   map[int64]Rules
}

// NewPacks knows nothing until it is asked.
func NewPacks(j *eventstore.Journal) *Packs {
	return &Packs{journal: j, enforced: map[int64]*approvalv1.PackEnforced{}, parsed: map[int64]Rules{}}
}

// Current returns the pack that is in force now.
func (p *Packs) Current(ctx context.Context) (Rules, error) {
	if err := p.catchUp(ctx); err != nil {
		return Rules{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inForce == 0 {
		return Rules{}, nil
	}
	return p.rules(p.inForce)
}

// Version returns a pack that is or was in force.
func (p *Packs) Version(ctx context.Context, version int64) (Rules, error) {
	if err := p.catchUp(ctx); err != nil {
		return Rules{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rules(version)
}

// rules parses a pack once; the lock is held.
func (p *Packs) rules(version int64) (Rules, error) {
	if r, ok := p.parsed[version]; ok {
		return r, nil
	}
	e, ok := p.enforced[version]
	if !ok {
		return Rules{}, fmt.Errorf("pack %d was never in force here", version)
	}
	parsed, problems := pack.Parse(e.GetBody())
	if len(problems) > 0 {
		return Rules{}, fmt.Errorf("pack %d is needed and this binary cannot read it: %s", version, problems[0])
	}
	r := Rules{Version: version, Digest: e.GetDigest(), Pack: parsed}
	p.parsed[version] = r
	return r, nil
}

// catchUp takes in what was enforced since.
func (p *Packs) catchUp(ctx context.Context) error {
	p.mu.Lock()
	version := p.version
	p.mu.Unlock()
	const page = 16 // bodies are large
	found := map[int64]*approvalv1.PackEnforced{}
	for {
		news, err := p.journal.Store.ReadStream(ctx, packs.Stream, version, page)
		if err != nil {
			return fmt.Errorf("read the packs: %w", err)
		}
		for _, r := range news {
			f, err := p.journal.Decode(ctx, r)
			if err != nil {
				return err
			}
			version = r.Version
			if e, ok := f.Message.(*approvalv1.PackEnforced); ok {
				found[e.GetVersion()] = e
			}
		}
		if len(news) < page {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.enforced, found)
	p.version = max(p.version, version)
	for v := range found {
		p.inForce = max(p.inForce, v)
	}
	return nil
}
