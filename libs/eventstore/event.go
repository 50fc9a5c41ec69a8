package eventstore

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// MaxEventBytes is the size limit of one event with its envelope.
const MaxEventBytes = 512 << 10

// The refusals of a store.
var (
	// ErrConflict says that the stream has moved since it was read.
	ErrConflict = fault.New(fault.Conflict, "CONFLICT",
		"Somebody else changed this at the same moment; read again and repeat.",
		"此内容刚被他人修改，请重新读取后再试。")
	// ErrCommandReused says that a command id was used for something else.
	ErrCommandReused = fault.New(fault.Conflict, "COMMAND_ID_REUSED",
		"This command id was used for a different command; use a new one.",
		"该命令编号已用于另一条命令，请换用新的编号。")
	// ErrTooLarge says that an event exceeds MaxEventBytes.
	ErrTooLarge = fault.New(fault.Invalid, "EVENT_TOO_LARGE",
		"The event is larger than 512 KiB; split what you send.",
		"事件超过 512 KiB，请拆分后再提交。")
	// ErrInvalid says that an append is malformed; a defect of the caller.
	ErrInvalid = fault.New(fault.Invalid, "APPEND_INVALID",
		"The append is malformed: it needs a stream \"type-id\", a command id and at least one event.",
		"写入请求不完整：需要形如 type-id 的流名、命令编号和至少一个事件。")
)

// Cause names an event in any service.
type Cause struct {
	Service  string
	Position int64
}

// Metadata is what an append says about itself; it goes into the envelope of
// each of its events.
type Metadata struct {
	// Actor is a person id, an account or "service:<name>"; from the
	// credential, never from the body.
	Actor string
	// OnBehalfOf is the person for whom the actor acts, if another.
	OnBehalfOf string
	// CorrelationID names the first cause; if empty, the command id.
	CorrelationID string
	// Causation is the event that led to this command, if one did.
	Causation *Cause
	// PolicyDigest is the digest of the pack that was decided by.
	PolicyDigest string
	// Trace is a W3C traceparent.
	Trace string
}

// Command identifies an append, so that a repetition is harmless.
type Command struct {
	// ID is a UUID. A policy derives it from what it reacts to.
	ID string
	// Digest is the SHA-256 of method, stream, actor and request as received.
	Digest [32]byte
}

// NewEvent is an event before it has a position.
type NewEvent struct {
	// ID is a UUIDv7.
	ID string
	// Type is the full protobuf message name.
	Type string
	// Data is the encoded message, personal fields sealed.
	Data []byte
	// EffectiveAt is when the fact holds; zero means when it is recorded.
	EffectiveAt time.Time
	// Rule is the rule that decided, if any.
	Rule string
}

// Append is one decision to be written: all of its events or none.
type Append struct {
	Stream          string
	ExpectedVersion int64 // 0 for a stream that must not exist yet
	Command         Command
	Metadata        Metadata
	Events          []NewEvent
}

// Result says where an append stands. Of a repeated command it is the first
// result.
type Result struct {
	First    int64 // position of the first event
	Last     int64 // position of the last event
	Version  int64 // version of the stream after it
	Replayed bool  // the command had been carried out before
}

// Recorded is an event as the store keeps it.
type Recorded struct {
	Position      int64
	Stream        string
	Version       int64
	EventID       string
	Type          string
	Data          []byte
	RecordedAt    time.Time
	EffectiveAt   time.Time
	Actor         string
	OnBehalfOf    string
	CorrelationID string
	Causation     *Cause
	CommandID     string
	PolicyDigest  string
	Rule          string
	Trace         string
}

// StreamType is the part of a stream name before the first "-".
func StreamType(stream string) string {
	t, _, _ := strings.Cut(stream, "-")
	return t
}

// Store keeps the events of one service. See the package comment for what an
// implementation promises.
type Store interface {
	// Append writes the events at the expected version and returns when they
	// are durable. It may be called from many goroutines; they share commits.
	Append(ctx context.Context, a Append) (Result, error)
	// Lookup returns the result of a command that was carried out, or false.
	// ErrCommandReused if the digest differs.
	Lookup(ctx context.Context, c Command) (Result, bool, error)
	// ReadStream returns at most limit events of a stream with versions after
	// the given one, in order.
	ReadStream(ctx context.Context, stream string, after int64, limit int) ([]Recorded, error)
	// ReadAll returns at most limit events with positions after the given one,
	// in order and without holes.
	ReadAll(ctx context.Context, after int64, limit int) ([]Recorded, error)
	// Head is the last position, 0 for an empty store.
	Head(ctx context.Context) (int64, error)
	// Wait returns nil as soon as there is a position after the given one, or
	// the error of ctx. It is woken by appends of this process at once and
	// by those of others within a poll.
	Wait(ctx context.Context, after int64) error
}

// Envelope returns the event as it travels; service is its owner.
func (r Recorded) Envelope(service string) *envelopev1.Envelope {
	e := &envelopev1.Envelope{
		Service: service, Position: r.Position, Stream: r.Stream, Version: r.Version,
		EventId: r.EventID, Type: r.Type, Data: r.Data,
		RecordedAt: timestamppb.New(r.RecordedAt), EffectiveAt: timestamppb.New(r.EffectiveAt),
		Actor: r.Actor, OnBehalfOf: r.OnBehalfOf, CorrelationId: r.CorrelationID,
		CommandId: r.CommandID, PolicyDigest: r.PolicyDigest, Rule: r.Rule, Trace: r.Trace,
	}
	if r.Causation != nil {
		e.Causation = &envelopev1.Cause{Service: r.Causation.Service, Position: r.Causation.Position}
	}
	return e
}

// FromEnvelope is the inverse of Envelope.
func FromEnvelope(e *envelopev1.Envelope) Recorded {
	r := Recorded{
		Position: e.GetPosition(), Stream: e.GetStream(), Version: e.GetVersion(),
		EventID: e.GetEventId(), Type: e.GetType(), Data: e.GetData(),
		RecordedAt: e.GetRecordedAt().AsTime(), EffectiveAt: e.GetEffectiveAt().AsTime(),
		Actor: e.GetActor(), OnBehalfOf: e.GetOnBehalfOf(), CorrelationID: e.GetCorrelationId(),
		CommandID: e.GetCommandId(), PolicyDigest: e.GetPolicyDigest(), Rule: e.GetRule(), Trace: e.GetTrace(),
	}
	if c := e.GetCausation(); c != nil {
		r.Causation = &Cause{Service: c.GetService(), Position: c.GetPosition()}
	}
	return r
}
