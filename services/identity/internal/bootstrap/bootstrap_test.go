package bootstrap_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/bootstrap"
	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/migrations"
)

func platform(t *testing.T) (*servicekit.Platform, *credential.Store) {
	t.Helper()
	pool := testkit.Postgres(t).Pool(t)
	sql, err := migrations.Files.ReadFile("0001_identity.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "SET ostiary.service_role = 'postgres'; "+string(sql)); err != nil {
		t.Fatal(err)
	}
	hasher, err := credential.NewHasher(2, credential.Full)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return &servicekit.Platform{
		Service: "identity",
		Journal: &eventstore.Journal{Service: "identity", Store: memory.New(clock.System{}), Sealer: eventstore.NoSealer{}},
		KeyFile: func(name string) string { return filepath.Join(dir, name+".key") },
		Log:     slog.New(slog.DiscardHandler),
	}, &credential.Store{Pool: pool, Hasher: hasher}
}

func admin(t *testing.T, p *servicekit.Platform) account.State {
	t.Helper()
	a, _, err := eventstore.Load(t.Context(), p.Journal, account.Decider, account.Stream("admin"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Covers: IDN-052
func TestAGeneratedPasswordIsToldInAFileAndMustBeChanged(t *testing.T) {
	t.Parallel()
	p, credentials := platform(t)
	first := bootstrap.New(p, credentials, "")
	if first.Done() {
		t.Error("done before it ran")
	}
	if err := first.Run(t.Context()); err != nil || !first.Done() {
		t.Fatalf("run: %v", err)
	}
	path := p.KeyFile(bootstrap.PasswordFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("file is %v, %v", info, err)
	}
	told, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := admin(t, p)
	if ok, err := credentials.Verify(t.Context(), a.CredentialID, strings.TrimSpace(string(told))); !ok || err != nil || !a.MustChange {
		t.Errorf("the told password is right=%v, %v, must change=%v", ok, err, a.MustChange)
	}
	if err := bootstrap.New(p, credentials, "Another-Horse-7").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := admin(t, p); again.CredentialID != a.CredentialID {
		t.Error("a later start replaced the password")
	}
}

func TestAGivenPasswordNeedNotBeChangedAndIsInNoFile(t *testing.T) {
	t.Parallel()
	p, credentials := platform(t)
	if err := bootstrap.New(p, credentials, "Correct-Horse-7").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := admin(t, p)
	if ok, err := credentials.Verify(t.Context(), a.CredentialID, "Correct-Horse-7"); !ok || err != nil || a.MustChange {
		t.Errorf("right=%v, %v, must change=%v", ok, err, a.MustChange)
	}
	if _, err := os.Stat(p.KeyFile(bootstrap.PasswordFile)); !os.IsNotExist(err) {
		t.Errorf("a file was written: %v", err)
	}
	short, shortCredentials := platform(t)
	if err := bootstrap.New(short, shortCredentials, "abc12").Run(context.WithoutCancel(t.Context())); err == nil {
		t.Error("a password of five characters was taken")
	}
}
