package messaging

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// wants tells which policies want which type of event.
type wants struct {
	policies map[string][]Policy
	packages map[string]bool // protobuf packages from which something is wanted
}

func newWants(source string, policies []Policy) (wants, error) {
	w := wants{policies: map[string][]Policy{}, packages: map[string]bool{}}
	names := map[string]bool{}
	for _, p := range policies {
		switch {
		case p.Name == "" || names[p.Name]:
			return wants{}, fmt.Errorf("policy %q: a name is needed that no other policy has", p.Name)
		case p.Source != source:
			return wants{}, fmt.Errorf("policy %s reacts to %s, not to %s", p.Name, p.Source, source)
		case len(p.On) == 0 || p.Do == nil:
			return wants{}, fmt.Errorf("policy %s says nothing to react to, or nothing to do", p.Name)
		}
		names[p.Name] = true
		for _, m := range p.On {
			name := string(m.ProtoReflect().Descriptor().FullName())
			w.policies[name] = append(w.policies[name], p)
			w.packages[protoPackage(name)] = true
		}
	}
	return w, nil
}

// of returns the policies for an event.
func (w wants) of(r eventstore.Recorded) []Policy { return w.policies[r.Type] }

// cannotTell says that an event is of a type that this binary does not know,
// from a package of which something is wanted.
func (w wants) cannotTell(r eventstore.Recorded) bool {
	return w.packages[protoPackage(r.Type)] && !known(r.Type)
}

func protoPackage(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

// known tells whether this binary can decode a type.
func known(name string) bool {
	_, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	return err == nil
}
