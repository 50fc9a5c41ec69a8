package identity

import (
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/identity/internal/bootstrap"
	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
	"github.com/ostiary/ostiary/services/identity/internal/feedclient"
)

// FirstClients are the outside systems that are there from the first start when
// a key file of ClientSecretFile holds their secret, by name, with their feed.
func FirstClients() map[string]string {
	return map[string]string{"hr": client.HR, "lifecycle": client.Lifecycle}
}

// ClientSecretFile is the name of the key file with the secret of a first
// client.
func ClientSecretFile(name string) string { return bootstrap.ClientSecretFile(name) }

// ClientFile is what one of the first clients needs to connect.
func ClientFile(name, feedURL, secret string) map[string]any {
	feed := FirstClients()[name]
	file := map[string]any{
		"url": feedURL, "user": name, "password": secret, "inbox_prefix": messaging.InboxPrefix(name),
		"stream": feedclient.Stream(feed), "durables": feedclient.Names(name, feed, client.AllSources),
	}
	if feed == client.Lifecycle {
		file["token"] = credential.ClientToken(name, secret)
	}
	return file
}
