// Package fault is the refusal: an answer that a caller can act on. It knows no
// transport; libs/grpckit carries it over gRPC and back, so that errors.Is
// holds on the other side.
package fault

import (
	"errors"
	"fmt"
	"maps"
)

// Kind says what the caller should make of a refusal.
type Kind uint8

// The kinds. Each maps to one gRPC code, one HTTP status and one exit code of
// the command line.
const (
	Invalid         Kind = iota + 1 // the request is malformed: mend it (exit 2)
	NotFound                        // what it names is not there (exit 4)
	Forbidden                       // the caller may not (exit 3)
	Conflict                        // somebody else was faster: read again (exit 3)
	Refused                         // a rule says no (exit 3)
	Unauthenticated                 // sign in first (exit 6)
	Unavailable                     // try again later (exit 5)
)

// Fault is a refusal with a stable, machine-readable reason. Declare it once,
// as a package variable, beside the rule that gives it.
type Fault struct {
	// Kind says what to make of it.
	Kind Kind
	// Reason is published in docs/refusals.md and never renamed.
	Reason string
	// Message is one sentence in English that a person can act on.
	Message string
	// MessageZH is the same in Chinese.
	MessageZH string
	// Details are facts about this case, for example the limit exceeded.
	Details map[string]string
}

// New declares a refusal. The messages say what to do about it.
func New(kind Kind, reason, en, zh string) *Fault {
	return &Fault{Kind: kind, Reason: reason, Message: en, MessageZH: zh}
}

// Error is the English message with the reason and the details.
func (f *Fault) Error() string {
	if len(f.Details) == 0 {
		return f.Reason + ": " + f.Message
	}
	return fmt.Sprintf("%s: %s %v", f.Reason, f.Message, f.Details)
}

// Is matches on the reason, so that a fault that crossed the wire or carries
// details still matches its declaration.
func (f *Fault) Is(target error) bool {
	var t *Fault
	ok := errors.As(target, &t)
	return ok && t.Reason == f.Reason
}

// With returns a copy that carries one more detail.
func (f *Fault) With(key, value string) *Fault {
	c := *f
	c.Details = maps.Clone(f.Details)
	if c.Details == nil {
		c.Details = map[string]string{}
	}
	c.Details[key] = value
	return &c
}

// Of returns the fault inside err, if there is one.
func Of(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}
