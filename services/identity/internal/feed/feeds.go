package feed

import (
	"context"
	"sync"

	"github.com/google/uuid"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity/internal/domain/hrfeed"
	"github.com/ostiary/ostiary/services/identity/internal/hrevent"
)

// Feeds are the feeds of all sources.
type Feeds struct {
	journal *eventstore.Journal

	mu    sync.Mutex
	known map[string]*eventstore.Kept[hrfeed.State, hrfeed.Command]
}

// New returns the feeds in the service's store.
func New(j *eventstore.Journal) *Feeds {
	return &Feeds{journal: j, known: map[string]*eventstore.Kept[hrfeed.State, hrfeed.Command]{}}
}

// Of is the feed of a source.
func (f *Feeds) Of(source string) *eventstore.Kept[hrfeed.State, hrfeed.Command] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known[source] == nil {
		f.known[source] = eventstore.NewKept(f.journal, hrfeed.Decider, hrfeed.Stream(source))
	}
	return f.known[source]
}

// Next is the number that is expected next of a source.
func (f *Feeds) Next(ctx context.Context, source string) (next int64, err error) {
	err = f.Of(source).Look(ctx, func(s hrfeed.State) { next = s.Next() })
	return next, err
}

// Done is an event that has been carried out; nil if there is none of this id.
func (f *Feeds) Done(ctx context.Context, source, id string) (*identityv1.HrEventTaken, error) {
	var version int64
	var ok bool
	if err := f.Of(source).Look(ctx, func(s hrfeed.State) { version, ok = s.Done(id) }); err != nil || !ok {
		return nil, err
	}
	rs, err := f.journal.Store.ReadStream(ctx, hrfeed.Stream(source), version-1, 1)
	if err != nil || len(rs) == 0 {
		return nil, err
	}
	fact, err := f.journal.Decode(ctx, rs[0])
	if err != nil {
		return nil, err
	}
	taken, _ := fact.Message.(*identityv1.HrEventTaken)
	return taken, nil
}

// subjectOf is where an event of a source was published.
func subjectOf(source, verb string) string {
	if verb == hrevent.UnitChanged {
		return "hr." + source + "." + verb
	}
	return "hr." + source + ".employee." + verb
}

// Reread reads an event again that was taken.
func Reread(taken *identityv1.HrEventTaken) (e hrevent.Event, unreadable, wrong *fault.Fault) {
	return hrevent.Read(subjectOf(taken.GetSource(), taken.GetVerb()), []byte(taken.GetData()))
}

// newcomers have ids that follow from their number, so that whatever HR says
// about one of them before they are known is sealed with one key.
var newcomers = uuid.MustParse("8f2f0bb4-0c6e-5d53-9a3f-61f0f5a4d6b0")

// NewcomerID is the internal id of a person whom the feed makes known.
func NewcomerID(number string) string {
	return "per_" + uuid.NewSHA1(newcomers, []byte(number)).String()
}

// sourceKey names the key of what a source says about nobody.
func sourceKey(source string) string { return "hrs_" + source }
