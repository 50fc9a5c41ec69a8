package client_test

import (
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/client"
)

func TestAClientIsAddedOnce(t *testing.T) {
	t.Parallel()
	add := client.Add{Name: "erp", Feed: client.HR, Source: "peoplesoft", CredentialID: "crd_1"}
	testkit.Rule(t, client.Decider).
		When(add).Then(&identityv1.ClientAdded{Client: "erp", Feed: "hr", Source: "peoplesoft", CredentialId: "crd_1"}).
		When(add).ThenRefused(client.ErrExists)
}

func TestOnlyTheFirstStartMakesAClientForAllSources(t *testing.T) {
	t.Parallel()
	testkit.Rule(t, client.Decider).When(client.Add{Name: "hr", Feed: client.HR, Source: client.AllSources, CredentialID: "crd_1", FirstStart: true}).
		Then(&identityv1.ClientAdded{Client: "hr", Feed: "hr", Source: "*", CredentialId: "crd_1"})
	testkit.Rule(t, client.Decider).When(client.Add{Name: "hr", Feed: client.HR, Source: ">", FirstStart: true}).ThenRefused(client.ErrSource)
}

func TestClientsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		add  client.Add
		want error
	}{
		"a name that is a wildcard":     {client.Add{Name: "a.>", Feed: client.Lifecycle}, client.ErrName},
		"no name":                       {client.Add{Feed: client.Lifecycle}, client.ErrName},
		"a feed that is none":           {client.Add{Name: "erp", Feed: "events"}, client.ErrFeed},
		"hr without source":             {client.Add{Name: "erp", Feed: client.HR}, client.ErrSource},
		"hr with a wildcard for source": {client.Add{Name: "erp", Feed: client.HR, Source: "*"}, client.ErrSource},
		"lifecycle with a source":       {client.Add{Name: "erp", Feed: client.Lifecycle, Source: "x"}, client.ErrSource},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Rule(t, client.Decider).When(tc.add).ThenRefused(tc.want)
		})
	}
}
