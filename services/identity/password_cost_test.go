package identity_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/services/identity"
)

// The other tests hash cheaply; this one holds the service to the full cost.
func TestPasswordsAreHashedAtFullCost(t *testing.T) {
	t.Parallel()
	i := prepare(t)
	i.options.Definitions[0] = i.watched(identity.Definition())
	i.start()
	i.admin = i.signIn("admin", bootstrapPassword)
	initial := i.operator("auditor1", "auditor")
	if _, err := i.enter("auditor1", initial, "Battery-Staple-9"); err != nil {
		t.Fatal(err)
	}
	rows, err := i.identity.Pool.Query(t.Context(), "SELECT hash FROM identity.credential_secret")
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(hashes) < 3 {
		t.Fatalf("%d hashes, %v", len(hashes), err)
	}
	for _, h := range hashes {
		if !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("a password is kept as %.32s…", h)
		}
	}
}
