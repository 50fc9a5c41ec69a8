// Package client is an outside system that may use a feed, stream
// client-<name>.
package client

import (
	"regexp"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// The feeds.
const (
	HR        = "hr"
	Lifecycle = "lifecycle"
)

// AllSources is the source of a client that speaks for every HR system, as a
// switchboard does.
const AllSources = "*"

// State is one client.
type State struct {
	Name         string
	Feed         string
	Source       string
	CredentialID string
}

// Command is Add.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// The refusals of a client.
var (
	// ErrExists says that the name is taken.
	ErrExists = fault.New(fault.Conflict, "CLIENT_EXISTS",
		"A client of this name exists; choose another name.", "该客户端名称已存在，请换一个名称。")
	// ErrName says that the name cannot be a user of the bus.
	ErrName = fault.New(fault.Invalid, "CLIENT_NAME_INVALID",
		"A client's name is 1 to 32 lower-case letters, digits and hyphens, a letter first.",
		"客户端名称须为 1 至 32 个小写字母、数字或连字符，且以字母开头。")
	// ErrFeed says that the feed is none of ours.
	ErrFeed = fault.New(fault.Invalid, "CLIENT_FEED_UNKNOWN",
		"The feed is hr or lifecycle.", "数据通道只能是 hr 或 lifecycle。")
	// ErrSource says that the source is missing or superfluous.
	ErrSource = fault.New(fault.Invalid, "CLIENT_SOURCE_INVALID",
		"A client of feed hr names its source (lower-case letters, digits and hyphens); one of feed lifecycle has none.",
		"hr 通道的客户端必须指明数据源（小写字母、数字或连字符），lifecycle 通道不能指明。")
)

// names is what may stand in a subject of the bus and in a file name.
var names = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// Decider is the behaviour of a client.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where a client is.
func Stream(name string) string { return "client-" + name }

// Decide says what happens when the command meets the client.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the client after an event.
func Evolve(s State, event proto.Message) State {
	if e, ok := event.(*identityv1.ClientAdded); ok {
		return State{Name: e.GetClient(), Feed: e.GetFeed(), Source: e.GetSource(), CredentialID: e.GetCredentialId()}
	}
	return s
}

// Add lets an outside system use a feed.
type Add struct {
	Name         string
	Feed         string
	Source       string
	CredentialID string
	// FirstStart says that whoever installs made the client: only then may it
	// speak for all sources.
	FirstStart bool
}

// speaks tells whether the client names the source for which it speaks.
func (c Add) speaks() bool {
	return names.MatchString(c.Source) || c.FirstStart && c.Source == AllSources
}

func (c Add) decide(s State) ([]proto.Message, error) {
	switch {
	case !names.MatchString(c.Name):
		return nil, ErrName
	case c.Feed != HR && c.Feed != Lifecycle:
		return nil, ErrFeed.With("feed", c.Feed)
	case c.Feed == HR && !c.speaks(), c.Feed == Lifecycle && c.Source != "":
		return nil, ErrSource
	case s.Name != "":
		return nil, ErrExists.With("client", c.Name)
	}
	return []proto.Message{&identityv1.ClientAdded{Client: c.Name, Feed: c.Feed, Source: c.Source, CredentialId: c.CredentialID}}, nil
}
