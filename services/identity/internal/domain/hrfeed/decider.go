package hrfeed

import (
	"maps"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// State is how far a source has been taken in.
type State struct {
	// last is the number taken last; 0 if none was.
	last int64
	// gap is the number of which it was told that it is missing.
	gap int64
	// version is how many events the stream has.
	version int64
	// numbers are the events that were taken, by id; done those that were
	// carried out. The maps are only ever added to and shared by older states,
	// which do not look at later entries: cloning them for each event would make
	// a long feed ever slower.
	numbers map[string]place
	done    map[string]int64 // version of the outcome
	// open are events that were taken and have no outcome yet.
	open map[string]bool
	// quarantined are events that were taken and could not be carried out.
	quarantined map[string]bool
}

// place is where an event stands.
type place struct {
	number  int64 // that the source gave it
	version int64 // in the stream
}

// Command is one of Receive, Repeat, Reject, Apply, Quarantine and Retry.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// The refusals of a feed.
var (
	// ErrSequenceReused says that the number belongs to another event.
	ErrSequenceReused = fault.New(fault.Refused, "HR_SEQUENCE_REUSED",
		"Another event had this sequence number; send the event again with the next number.",
		"该序号已被另一事件使用，请以下一个序号重新发送。")
	// ErrSource says that the pack does not name the source.
	ErrSource = fault.New(fault.Refused, "HR_SOURCE_UNKNOWN",
		"The pack in force does not name this source; add it under sources and apply the pack, then import or retry again.",
		"生效的策略包未列出该数据源，请在 sources 中添加并应用策略包，然后重新导入或重试。")
	// ErrNotQuarantined says that there is nothing to retry.
	ErrNotQuarantined = fault.New(fault.Refused, "HR_EVENT_NOT_QUARANTINED",
		"This event is not in quarantine any more; hr status shows what is.",
		"该事件已不在隔离区，可用 hr status 查看隔离情况。")
)

// Decider is the behaviour of a feed.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where the feed of a source is.
func Stream(source string) string { return "hrfeed-" + source }

// Decide says what happens when the command meets the feed.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the feed after an event.
func Evolve(s State, event proto.Message) State {
	s.version++
	switch e := event.(type) {
	case *identityv1.HrEventTaken:
		s.open = with(s.open, e.GetEventId())
		s.quarantined = without(s.quarantined, e.GetEventId())
		if e.GetRetried() {
			return s
		}
		if s.numbers == nil {
			s.numbers, s.done = map[string]place{}, map[string]int64{}
		}
		s.numbers[e.GetEventId()] = place{e.GetSequence(), s.version}
		s.last = e.GetSequence()
	case *identityv1.HrEventApplied:
		s.open = without(s.open, e.GetEventId())
		if s.done != nil {
			s.done[e.GetEventId()] = s.version
		}
	case *identityv1.HrEventQuarantined:
		if s.open[e.GetEventId()] {
			s.open, s.quarantined = without(s.open, e.GetEventId()), with(s.quarantined, e.GetEventId())
		}
	case *identityv1.HrGapFound:
		s.gap = e.GetNextSequence()
	}
	return s
}

// Next is the number that is expected next.
func (s State) Next() int64 { return s.last + 1 }

// number is the number under which an event was taken.
func (s State) number(id string) (int64, bool) {
	p, ok := s.numbers[id]
	return p.number, ok && p.version <= s.version
}

// Done is the version at which an event was taken that has been carried out.
func (s State) Done(id string) (version int64, ok bool) {
	at, ok := s.done[id]
	return s.numbers[id].version, ok && at <= s.version
}

func with(set map[string]bool, id string) map[string]bool {
	set = maps.Clone(set)
	if set == nil {
		set = map[string]bool{}
	}
	set[id] = true
	return set
}

func without(set map[string]bool, id string) map[string]bool {
	if !set[id] {
		return set
	}
	set = maps.Clone(set)
	delete(set, id)
	return set
}

// Taken tells whether an event of this id was taken.
func (s State) Taken(id string) bool { _, ok := s.number(id); return ok }
