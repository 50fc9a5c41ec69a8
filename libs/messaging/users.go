package messaging

import (
	"github.com/nats-io/nats-server/v2/server"
)

// User signs in to NATS. Without Publish and Subscribe it may do everything.
type User struct {
	Name     string
	Password string
	// Publish and Subscribe list the subjects that are allowed; all others are
	// refused.
	Publish   []string
	Subscribe []string
}

// AdminUser may do everything; it makes streams and durables.
func AdminUser(password string) User { return User{Name: "admin", Password: password} }

// ServiceUser is a service: it publishes its own events, reads its own durables
// of the sources and looks at its own stream. Nothing else.
func ServiceUser(service, password string, sources ...string) User {
	u := User{
		Name: service, Password: password,
		Publish:   []string{"ev." + service + ".>", "$JS.API.STREAM.INFO." + StreamName(service)},
		Subscribe: []string{inboxPrefix(service) + ".>"},
	}
	for _, source := range sources {
		u.Publish = append(u.Publish, durableRights(StreamName(source), DurableName(service, source))...)
	}
	if service == feedKeeper {
		u.Publish = append(u.Publish, feedRights()...)
	}
	return u
}

// feedKeeper is the service that talks with outside systems over the bus: it
// keeps the streams HR, HRREPLY and LIFECYCLE and the places of their readers.
const feedKeeper = "identity"

// feedRights are what the keeper of the feeds publishes to beside its events.
func feedRights() []string {
	rights := []string{"hrreply.>", "lifecycle.>", "$JS.API.STREAM.PURGE.HR"}
	for _, stream := range []string{"HR", "HRREPLY", "LIFECYCLE"} {
		rights = append(rights,
			"$JS.API.STREAM.INFO."+stream, "$JS.API.STREAM.CREATE."+stream, "$JS.API.STREAM.UPDATE."+stream,
			"$JS.API.CONSUMER.CREATE."+stream+".>",
		)
	}
	return append(rights, durableRights("HR", DurableName(feedKeeper, "HR"))...)
}

// ClientUser is an outside system. One that speaks for an HR source publishes
// its events and reads the answers; any other one only reads. Empty durables of
// a stream give it nothing.
func ClientUser(name, password, publish, stream string, durables ...string) User {
	u := User{Name: name, Password: password, Subscribe: []string{inboxPrefix(name) + ".>"}}
	if publish != "" {
		u.Publish = append(u.Publish, publish)
	}
	for _, d := range durables {
		u.Publish = append(u.Publish, durableRights(stream, d)...)
	}
	return u
}

// InboxPrefix is the prefix that a user of the bus must set for its answers.
func InboxPrefix(user string) string { return inboxPrefix(user) }

// durableRights are what a pull consumer publishes to: look, ask, acknowledge.
func durableRights(stream, durable string) []string {
	return []string{
		"$JS.API.CONSUMER.INFO." + stream + "." + durable,
		"$JS.API.CONSUMER.MSG.NEXT." + stream + "." + durable,
		"$JS.ACK." + stream + "." + durable + ".>",
	}
}

// confined says that a user may do only what its lists allow.
func (u User) confined() bool { return u.Publish != nil || u.Subscribe != nil }

func (u User) server(account *server.Account) *server.User {
	s := &server.User{Username: u.Name, Password: u.Password, Account: account}
	if u.confined() {
		s.Permissions = &server.Permissions{
			Publish:   allow(u.Publish),
			Subscribe: allow(u.Subscribe),
		}
	}
	return s
}

// allow admits the subjects and, when there are none, nothing: an empty list
// would admit all.
func allow(subjects []string) *server.SubjectPermission {
	if len(subjects) == 0 {
		return &server.SubjectPermission{Deny: []string{">"}}
	}
	return &server.SubjectPermission{Allow: subjects}
}
