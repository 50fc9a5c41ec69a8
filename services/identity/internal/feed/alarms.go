package feed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ostiary/ostiary/libs/calendar"
	"github.com/ostiary/ostiary/libs/clock"
	packformat "github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/packs"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

const (
	// gapAfter is how long a number may be missing before it is an alarm.
	gapAfter = time.Minute
	// every is how often it is looked.
	every = 5 * time.Second
)

// Alarms tells of numbers that stay missing and of sources that have fallen
// silent.
type Alarms struct {
	p     *servicekit.Platform
	packs *packs.Packs

	mu     sync.Mutex
	causes []string
}

// NewAlarms returns the alarms of the service.
func NewAlarms(p *servicekit.Platform, current *packs.Packs) *Alarms {
	return &Alarms{p: p, packs: current}
}

// Run looks until ctx ends.
func (a *Alarms) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if causes, err := a.look(ctx); err == nil {
			a.mu.Lock()
			a.causes = causes
			a.mu.Unlock()
		} else if ctx.Err() == nil {
			a.p.Log.WarnContext(ctx, "HR sources were not looked at", "error", err)
		}
		_ = (clock.System{}).Until(ctx, clock.System{}.Now().Add(every)) // ends with ctx
	}
	return nil
}

// Causes lists what is missing.
func (a *Alarms) Causes() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.causes
}

func (a *Alarms) look(ctx context.Context) (causes []string, err error) {
	sources, err := readmodel.HrSources(ctx, a.p.Pool)
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	pack, _, err := a.packs.Current(ctx)
	if err != nil {
		return nil, err
	}
	silence := map[string]packformat.Duration{}
	if pack != nil {
		for _, s := range pack.Sources {
			silence[s.Name] = s.Silence
		}
	}
	now := a.p.Clock.Now()
	for _, s := range sources {
		if s.GapAt != nil && now.Sub(*s.GapAt) > gapAfter {
			causes = append(causes, fmt.Sprintf("HR source %s: event %d is missing, %d wait behind it", s.Source, s.Last+1, s.Waiting))
		}
		if s.LastAt != nil && a.silent(*s.LastAt, now, silence[s.Source]) {
			causes = append(causes, fmt.Sprintf("HR source %s has been silent since %s", s.Source, s.LastAt.In(a.p.Zone).Format(time.RFC3339)))
		}
	}
	return causes, nil
}

// silent tells whether more than the limit has passed since a word.
func (a *Alarms) silent(since, now time.Time, limit packformat.Duration) bool {
	if limit.IsZero() {
		return false
	}
	if d, ok := limit.Fixed(); ok {
		return now.Sub(since) > d
	}
	day := calendar.DateOf(since, a.p.Zone)
	last, err := calendar.China(calendar.DateOf(now, a.p.Zone)).Add(day, limit.Count)
	return err == nil && now.After(last.Date.Next(1).Start(a.p.Zone))
}
