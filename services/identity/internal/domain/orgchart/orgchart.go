// Package orgchart is the tree of organisational units, stream
// orgchart-company. A unit is known by its path of names from the root.
package orgchart

import (
	"maps"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// MaxLevels is the depth of the tree (IDN-009).
const MaxLevels = 10

// Stream is where the tree is.
const Stream = "orgchart-company"

// State is the tree.
type State struct {
	units map[string]string // unit ids by path key
	heads map[string]string // employee numbers by unit id
}

// Command is one of EnsureUnits, MoveUnit, MergeUnit, AbolishUnit and NameHead.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Decider is the behaviour of the tree.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Decide says what happens when the command meets the tree.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the tree after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *identityv1.OrgUnitCreated:
		s.units = set(s.units, key(e.GetPath()), e.GetUnitId())
	case *identityv1.OrgUnitMoved:
		return s.moved(e.GetPath(), e.GetTo())
	case *identityv1.OrgUnitMerged:
		return s.moved(e.GetPath(), e.GetInto())
	case *identityv1.OrgUnitAbolished:
		s.units = maps.Clone(s.units)
		delete(s.units, key(e.GetPath()))
	case *identityv1.OrgUnitHeadNamed:
		s.heads = set(s.heads, e.GetUnitId(), e.GetHead())
	}
	return s
}

func set(of map[string]string, key, value string) map[string]string {
	of = maps.Clone(of)
	if of == nil {
		of = map[string]string{}
	}
	of[key] = value
	return of
}

// Has tells whether the tree has the unit.
func (s State) Has(path []string) bool { _, ok := s.units[key(path)]; return ok }

// EnsureUnits creates the units that the tree lacks, parents first. It creates
// at most Limit at once; the caller repeats it until nothing is left to do.
type EnsureUnits struct {
	// Paths are the units that must be there.
	Paths [][]string
	// ID gives the id of a unit that is created; the same path has the same
	// id, so that a repetition decides the same.
	ID func(path []string) string
	// Limit bounds the events of one append.
	Limit int
}

// ErrTooDeep says that a path has more levels than the tree may have.
var ErrTooDeep = fault.New(fault.Refused, "HR_UNIT_TOO_DEEP",
	"The organisation tree has at most 10 levels; shorten the path of the unit.",
	"组织架构最多 10 级，请缩短部门路径。")

// ErrNameless says that a unit has no name.
var ErrNameless = fault.New(fault.Invalid, "UNIT_NAMELESS",
	"Every unit of the path needs a name.", "部门路径中的每一级都必须有名称。")

func (c EnsureUnits) decide(s State) ([]proto.Message, error) {
	var events []proto.Message
	seen := maps.Clone(s.units)
	if seen == nil {
		seen = map[string]string{}
	}
	for _, path := range c.Paths {
		if len(path) > MaxLevels {
			return nil, ErrTooDeep.With("levels", strconv.Itoa(len(path)))
		}
		parent := ""
		for i, name := range path {
			if strings.TrimSpace(name) == "" {
				return nil, ErrNameless
			}
			id, ok := seen[key(path[:i+1])]
			if !ok {
				if len(events) == c.Limit {
					return events, nil
				}
				id = free(seen, c.ID(path[:i+1]))
				seen[key(path[:i+1])] = id
				events = append(events, &identityv1.OrgUnitCreated{UnitId: id, ParentId: parent, Name: name, Path: path[:i+1]})
			}
			parent = id
		}
	}
	return events, nil
}

// free is the id, or one made from it if a unit that once had this path still
// bears it elsewhere.
func free(units map[string]string, id string) string {
	used := map[string]bool{}
	for _, other := range units {
		used[other] = true
	}
	next := id
	for n := 2; used[next]; n++ {
		next = id + "." + strconv.Itoa(n)
	}
	return next
}

// key joins names by a character that no name has: file fields hold no control
// characters.
func key(path []string) string { return strings.Join(path, separator) }

const separator = "\x1f"
