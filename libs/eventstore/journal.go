package eventstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Sealer encrypts and decrypts the personal fields of a message in place.
// libs/privacy implements it; NoSealer serves services without personal data.
type Sealer interface {
	// Seal replaces every personal field by its ciphertext.
	Seal(ctx context.Context, m proto.Message) error
	// Open replaces every sealed field by its clear text, or by "" when the
	// person's key is gone.
	Open(ctx context.Context, m proto.Message) error
}

// NoSealer leaves messages as they are. A service that uses it may not store
// events with personal fields; Encode refuses them.
type NoSealer struct{}

// Seal refuses a message that has personal fields set.
func (NoSealer) Seal(_ context.Context, m proto.Message) error {
	if HasPersonal(m.ProtoReflect()) {
		return fmt.Errorf("seal %s: this service holds no keys for personal fields", m.ProtoReflect().Descriptor().FullName())
	}
	return nil
}

// Open does nothing.
func (NoSealer) Open(context.Context, proto.Message) error { return nil }

// Journal is a store bound to what its service needs to write facts: the
// sealing of personal fields and fresh ids.
type Journal struct {
	// Service is the owner of the events.
	Service string
	// Store keeps them.
	Store Store
	// Sealer guards personal fields.
	Sealer Sealer
	// NewID makes event ids; UUIDv7 if nil.
	NewID func() string
}

// Fact is a recorded event together with its decoded message.
type Fact struct {
	Recorded
	// Service owns the event.
	Service string
	// Message is the decoded event, personal fields open as far as the keys of
	// this service reach. Nil if the type is unknown to this binary.
	Message proto.Message
}

// Cause is the fact as a cause of others.
func (f Fact) Cause() *Cause { return &Cause{Service: f.Service, Position: f.Position} }

// Encode seals and encodes a message.
func (j *Journal) Encode(ctx context.Context, m proto.Message) (NewEvent, error) {
	e := NewEvent{ID: j.newID(), Type: string(m.ProtoReflect().Descriptor().FullName())}
	if t, ok := m.(interface {
		GetEffectiveAt() *timestamppb.Timestamp
	}); ok && t.GetEffectiveAt() != nil {
		e.EffectiveAt = t.GetEffectiveAt().AsTime()
	}
	if r, ok := m.(interface{ GetRule() string }); ok {
		e.Rule = r.GetRule()
	}
	sealed := proto.Clone(m)
	if err := j.Sealer.Seal(ctx, sealed); err != nil {
		return NewEvent{}, fmt.Errorf("seal %s: %w", e.Type, err)
	}
	var err error
	if e.Data, err = proto.Marshal(sealed); err != nil {
		return NewEvent{}, fmt.Errorf("encode %s: %w", e.Type, err)
	}
	return e, nil
}

// Decode decodes and opens a recorded event.
func (j *Journal) Decode(ctx context.Context, r Recorded) (Fact, error) {
	f, err := Decode(j.Service, r)
	if err != nil || f.Message == nil {
		return f, err
	}
	if err := j.Sealer.Open(ctx, f.Message); err != nil {
		return Fact{}, fmt.Errorf("open %s at %d: %w", r.Type, r.Position, err)
	}
	return f, nil
}

// Decode decodes an event of any service, personal fields left sealed.
func Decode(service string, r Recorded) (Fact, error) {
	f := Fact{Recorded: r, Service: service}
	mt, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(r.Type))
	if errors.Is(err, protoregistry.NotFound) {
		return f, nil
	}
	if err != nil {
		return Fact{}, fmt.Errorf("find type of %s at %d: %w", r.Type, r.Position, err)
	}
	m := mt.New().Interface()
	if err := proto.Unmarshal(r.Data, m); err != nil {
		return Fact{}, fmt.Errorf("decode %s at %d: %w", r.Type, r.Position, err)
	}
	f.Message = m
	return f, nil
}

// Stream reads a whole stream, decoded.
func (j *Journal) Stream(ctx context.Context, stream string) ([]Fact, error) {
	const page = 1000
	var facts []Fact
	for {
		rs, err := j.Store.ReadStream(ctx, stream, int64(len(facts)), page)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", stream, err)
		}
		for _, r := range rs {
			f, err := j.Decode(ctx, r)
			if err != nil {
				return nil, err
			}
			facts = append(facts, f)
		}
		if len(rs) < page {
			return facts, nil
		}
	}
}

func (j *Journal) newID() string {
	if j.NewID != nil {
		return j.NewID()
	}
	return uuid.Must(uuid.NewV7()).String()
}

// PolicyCommandID is the command id of a policy's effect: the same event
// leads to the same id however often it is delivered.
func PolicyCommandID(consumer, source string, position int64, stream string) string {
	return uuid.NewSHA1(policyNamespace, fmt.Appendf(nil, "%s\x00%s\x00%d\x00%s", consumer, source, position, stream)).String()
}

// policyNamespace is fixed for ever; changing it would let old deliveries act
// again.
var policyNamespace = uuid.MustParse("6a0e1b52-5d0f-5c58-9f0e-0b3c6f0d7a11")

// Digest is the digest of a command: method, stream, actor and the request as
// received, never generated ids, times or events.
func Digest(method, stream, actor string, request []byte) [32]byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(method), []byte(stream), []byte(actor), request} {
		fmt.Fprintf(h, "%d:", len(part))
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}
