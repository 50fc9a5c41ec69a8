package eventstore

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
)

// HasPersonal tells whether a message, or one inside it, has a personal field
// that is not empty.
func HasPersonal(m protoreflect.Message) bool {
	found := false
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case IsPersonal(fd):
			found = true
		case fd.IsMap() && fd.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				found = HasPersonal(v.Message())
				return !found
			})
		case fd.IsList() && fd.Message() != nil:
			for i := range v.List().Len() {
				found = found || HasPersonal(v.List().Get(i).Message())
			}
		case !fd.IsMap() && !fd.IsList() && fd.Message() != nil:
			found = HasPersonal(v.Message())
		}
		return !found
	})
	return found
}

// IsPersonal tells whether a field is marked personal.
func IsPersonal(fd protoreflect.FieldDescriptor) bool {
	return proto.GetExtension(fd.Options(), envelopev1.E_Personal).(bool)
}

// IsSubject tells whether a field names the person whose key seals the others.
func IsSubject(fd protoreflect.FieldDescriptor) bool {
	return proto.GetExtension(fd.Options(), envelopev1.E_Subject).(bool)
}
