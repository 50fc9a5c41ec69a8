package orgchart

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// The refusals of a change of the tree.
var (
	// ErrUnknown says that the tree has no such unit.
	ErrUnknown = fault.New(fault.Refused, "HR_UNIT_UNKNOWN",
		"The tree has no such unit; send its creation first, then retry.", "组织架构中没有该部门，请先发送其创建事件，然后重试。")
	// ErrTaken says that another unit has the path.
	ErrTaken = fault.New(fault.Refused, "HR_UNIT_EXISTS",
		"Another unit has this path; merge the two or choose another name.", "该路径已有其他部门，请合并或更换名称。")
	// ErrInside says that a unit cannot be below itself.
	ErrInside = fault.New(fault.Refused, "HR_UNIT_INSIDE_ITSELF",
		"A unit cannot be below itself; correct the path.", "部门不能位于自身之下，请更正路径。")
	// ErrNotEmpty says that people or units are still there.
	ErrNotEmpty = fault.New(fault.Refused, "HR_UNIT_NOT_EMPTY",
		"People or units are still in this unit; move them first, then retry.", "该部门仍有人员或下级部门，请先调整，然后重试。")
)

// MoveUnit gives a unit another path (IDN-009).
type MoveUnit struct {
	Path, To []string
	Reason   string
}

func (c MoveUnit) decide(s State) ([]proto.Message, error) {
	switch {
	case slices.Equal(c.Path, c.To):
		return nil, nil
	case !s.Has(c.Path):
		return nil, ErrUnknown.With("unit", strings.Join(c.Path, "/"))
	case s.Has(c.To):
		return nil, ErrTaken.With("unit", strings.Join(c.To, "/"))
	case Below(c.To, c.Path):
		return nil, ErrInside
	case len(c.To) > 1 && !s.Has(c.To[:len(c.To)-1]):
		return nil, ErrUnknown.With("unit", strings.Join(c.To[:len(c.To)-1], "/"))
	case s.depth(c.Path)+len(c.To) > MaxLevels:
		return nil, ErrTooDeep
	}
	return []proto.Message{&identityv1.OrgUnitMoved{UnitId: s.units[key(c.Path)], Path: c.Path, To: c.To, Reason: c.Reason}}, nil
}

// MergeUnit makes a unit part of another.
type MergeUnit struct {
	Path, Into []string
	Reason     string
}

func (c MergeUnit) decide(s State) ([]proto.Message, error) {
	switch {
	case !s.Has(c.Path):
		return nil, ErrUnknown.With("unit", strings.Join(c.Path, "/"))
	case !s.Has(c.Into):
		return nil, ErrUnknown.With("unit", strings.Join(c.Into, "/"))
	case slices.Equal(c.Path, c.Into), Below(c.Into, c.Path):
		return nil, ErrInside
	case s.depth(c.Path)+len(c.Into) > MaxLevels:
		return nil, ErrTooDeep
	}
	return []proto.Message{&identityv1.OrgUnitMerged{UnitId: s.units[key(c.Path)], Path: c.Path, Into: c.Into, Reason: c.Reason}}, nil
}

// AbolishUnit ends a unit in which nobody is left.
type AbolishUnit struct {
	Path   []string
	Reason string
	// Members is how many people are in the unit or below it.
	Members int
}

func (c AbolishUnit) decide(s State) ([]proto.Message, error) {
	switch {
	case !s.Has(c.Path):
		return nil, ErrUnknown.With("unit", strings.Join(c.Path, "/"))
	case c.Members > 0, s.depth(c.Path) > 0:
		return nil, ErrNotEmpty.With("unit", strings.Join(c.Path, "/"))
	}
	return []proto.Message{&identityv1.OrgUnitAbolished{UnitId: s.units[key(c.Path)], Path: c.Path, Reason: c.Reason}}, nil
}

// NameHead says who heads a unit.
type NameHead struct {
	Path   []string
	Head   string
	Reason string
}

func (c NameHead) decide(s State) ([]proto.Message, error) {
	id, ok := s.units[key(c.Path)]
	switch {
	case !ok:
		return nil, ErrUnknown.With("unit", strings.Join(c.Path, "/"))
	case s.heads[id] == c.Head:
		return nil, nil
	}
	return []proto.Message{&identityv1.OrgUnitHeadNamed{UnitId: id, Path: c.Path, Head: c.Head, Reason: c.Reason}}, nil
}

// Below tells whether a path is that of a unit below another.
func Below(path, of []string) bool { return len(path) > len(of) && slices.Equal(path[:len(of)], of) }

// depth is how many levels are below a unit.
func (s State) depth(path []string) (levels int) {
	for k := range s.units {
		if other := strings.Split(k, separator); Below(other, path) {
			levels = max(levels, len(other)-len(path))
		}
	}
	return levels
}

// moved is the tree after a unit and all below it have another path. What is
// there already stays what it is.
func (s State) moved(path, to []string) State {
	units := map[string]string{}
	for k, id := range s.units {
		if other := strings.Split(k, separator); !slices.Equal(other, path) && !Below(other, path) {
			units[k] = id
		}
	}
	for k, id := range s.units {
		other := strings.Split(k, separator)
		if !slices.Equal(other, path) && !Below(other, path) {
			continue
		}
		at := key(append(slices.Clone(to), other[len(path):]...))
		if _, taken := units[at]; !taken {
			units[at] = id
		}
	}
	return State{units: units, heads: s.heads}
}
