package privacy

import (
	"fmt"
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// plan is what sealing needs to know about a type of message.
type plan struct {
	subject  protoreflect.FieldDescriptor   // names the person; nil if no field does
	personal []protoreflect.FieldDescriptor // strings, lists of strings, maps to strings
	inner    []protoreflect.FieldDescriptor // messages that have personal fields at some depth
	err      error                          // the proto marks something that cannot be sealed
}

// plans remembers by descriptor: reading options takes longer than sealing.
type plans struct{ known sync.Map }

func (ps *plans) of(d protoreflect.MessageDescriptor) *plan {
	if p, ok := ps.known.Load(d); ok {
		return p.(*plan) //nolint:forcetypeassert // only plans are stored
	}
	p := makePlan(d)
	ps.known.Store(d, p)
	return p
}

func makePlan(d protoreflect.MessageDescriptor) *plan {
	p := &plan{}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		switch {
		case eventstore.IsPersonal(fd):
			if valueKind(fd) != protoreflect.StringKind || eventstore.IsSubject(fd) {
				p.err = fmt.Errorf("%s: only a string that is not the subject can be personal", fd.FullName())
			}
			p.personal = append(p.personal, fd)
		case eventstore.IsSubject(fd):
			if fd.Kind() != protoreflect.StringKind || fd.IsList() || p.subject != nil {
				p.err = fmt.Errorf("%s: one string of a message can be the subject", fd.FullName())
			}
			p.subject = fd
		case valueMessage(fd) != nil && hasPersonal(valueMessage(fd), map[protoreflect.FullName]bool{}):
			p.inner = append(p.inner, fd)
		}
	}
	return p
}

// hasPersonal tells whether a type has a personal field at some depth; seen
// ends recursive types.
func hasPersonal(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[d.FullName()] {
		return false
	}
	seen[d.FullName()] = true
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if eventstore.IsPersonal(fd) || (valueMessage(fd) != nil && hasPersonal(valueMessage(fd), seen)) {
			return true
		}
	}
	return false
}

// valueKind is the kind of a field or, of a map, of its values.
func valueKind(fd protoreflect.FieldDescriptor) protoreflect.Kind {
	if fd.IsMap() {
		return fd.MapValue().Kind()
	}
	return fd.Kind()
}

// valueMessage is the type of a field that holds messages, nil of any other.
func valueMessage(fd protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if fd.IsMap() {
		return fd.MapValue().Message()
	}
	return fd.Message()
}
