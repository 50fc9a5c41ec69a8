package privacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/tink"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ostiary/ostiary/libs/eventstore"
)

var _ eventstore.Sealer = (*Keyring)(nil)

// errNoSubject says that nobody's key can seal a value; a defect of the event.
var errNoSubject = errors.New("a personal field is set, but no subject names the person it is about")

// Seal replaces every personal value of m, and of the messages inside it, by
// its ciphertext. The key is that of the person whom the subject field of the
// same message names, or else of the nearest enclosing one. Whatever a value
// looks like, it is taken as clear text.
func (k *Keyring) Seal(ctx context.Context, m proto.Message) error {
	return k.replace(ctx, m, k.keysForSealing, func(keys map[string]tink.AEAD, s slot) (string, error) {
		return seal(keys[s.person], s.bound(), s.value)
	})
}

// Open is the inverse of Seal; the values of an erased person become "".
func (k *Keyring) Open(ctx context.Context, m proto.Message) error {
	return k.replace(ctx, m, k.keys, func(keys map[string]tink.AEAD, s slot) (string, error) {
		return open(keys, s.person, s.bound(), s.value)
	})
}

func (k *Keyring) replace(
	ctx context.Context, m proto.Message,
	keysOf func(context.Context, []string) (map[string]tink.AEAD, error),
	change func(map[string]tink.AEAD, slot) (string, error),
) error {
	var slots []slot
	if err := k.plans.collect(m.ProtoReflect(), "", &slots); err != nil || len(slots) == 0 {
		return err
	}
	var persons []string
	seen := make(map[string]bool, 1)
	for _, s := range slots {
		if !seen[s.person] {
			seen[s.person] = true
			persons = append(persons, s.person)
		}
	}
	keys, err := keysOf(ctx, persons)
	if err != nil {
		return err
	}
	for _, s := range slots {
		v, err := change(keys, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.field.FullName(), err)
		}
		s.set(protoreflect.ValueOfString(v))
	}
	return nil
}

// slot is one personal value that is not empty, and where to put its
// replacement.
type slot struct {
	person string
	field  protoreflect.FieldDescriptor
	value  string
	set    func(protoreflect.Value)
}

func (s slot) bound() []byte {
	return binding(s.person, string(s.field.ContainingMessage().FullName()), string(s.field.Name()))
}

// collect finds the slots of a message; person is the subject of the
// enclosing one.
func (ps *plans) collect(m protoreflect.Message, person string, slots *[]slot) error {
	p := ps.of(m.Descriptor())
	if p.err != nil {
		return p.err
	}
	if p.subject != nil {
		if s := m.Get(p.subject).String(); s != "" {
			person = s
		}
	}
	for _, fd := range p.personal {
		if !m.Has(fd) {
			continue
		}
		before := len(*slots)
		personalSlots(m, fd, person, slots)
		if len(*slots) > before && person == "" {
			return fmt.Errorf("%s: %w", fd.FullName(), errNoSubject)
		}
	}
	for _, fd := range p.inner {
		if !m.Has(fd) {
			continue
		}
		if err := ps.collectInner(m.Get(fd), fd, person, slots); err != nil {
			return err
		}
	}
	return nil
}

func personalSlots(m protoreflect.Message, fd protoreflect.FieldDescriptor, person string, slots *[]slot) {
	add := func(v protoreflect.Value, set func(protoreflect.Value)) {
		if v.String() != "" {
			*slots = append(*slots, slot{person: person, field: fd, value: v.String(), set: set})
		}
	}
	switch {
	case fd.IsList():
		l := m.Get(fd).List()
		for i := range l.Len() {
			add(l.Get(i), func(v protoreflect.Value) { l.Set(i, v) })
		}
	case fd.IsMap():
		values := m.Get(fd).Map()
		values.Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
			add(v, func(v protoreflect.Value) { values.Set(key, v) })
			return true
		})
	default:
		add(m.Get(fd), func(v protoreflect.Value) { m.Set(fd, v) })
	}
}

func (ps *plans) collectInner(v protoreflect.Value, fd protoreflect.FieldDescriptor, person string, slots *[]slot) error {
	var err error
	switch {
	case fd.IsList():
		for i := 0; i < v.List().Len() && err == nil; i++ {
			err = ps.collect(v.List().Get(i).Message(), person, slots)
		}
	case fd.IsMap():
		v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
			err = ps.collect(v.Message(), person, slots)
			return err == nil
		})
	default:
		err = ps.collect(v.Message(), person, slots)
	}
	return err
}
