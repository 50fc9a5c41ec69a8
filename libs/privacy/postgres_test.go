package privacy_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/privacy"
	"github.com/ostiary/ostiary/libs/testkit"
)

func migrated(t *testing.T) (db *testkit.Database, address string) {
	t.Helper()
	db = testkit.Postgres(t)
	role, address := db.Role(t)
	conn, err := pgx.Connect(t.Context(), db.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for range 2 { // a second start changes nothing
		if err := privacy.Migrate(t.Context(), conn, role); err != nil {
			t.Fatal(err)
		}
	}
	return db, address
}

func TestPostgresKeepsAndErasesKeys(t *testing.T) {
	t.Parallel()
	_, address := migrated(t)
	kek, ctx := newKEK(t), t.Context()
	a := privacy.NewKeyring(kek, privacy.NewPostgres(testkit.Pool(t, address)))
	b := privacy.NewKeyring(kek, privacy.NewPostgres(testkit.Pool(t, address)))
	concurrently(t, []*privacy.Keyring{a, b})

	s, err := a.SealString(ctx, "E1", "c", canary)
	if err != nil {
		t.Fatal(err)
	}
	if clear, err := b.OpenString(ctx, "E1", "c", s); err != nil || clear != canary {
		t.Fatalf("%q, %v", clear, err)
	}
	for range 2 { // a repetition is harmless
		if err := a.Erase(ctx, "E1"); err != nil {
			t.Fatal(err)
		}
	}
	b.Forget("E1")
	for name, k := range map[string]*privacy.Keyring{"here": a, "there": b} {
		if clear, err := k.OpenString(ctx, "E1", "c", s); err != nil || clear != "" {
			t.Errorf("%s after erasure: %q, %v", name, clear, err)
		}
	}
	if err := a.Erase(ctx, "never-seen"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SealString(ctx, "never-seen", "c", canary); err == nil {
		t.Error("a person erased beforehand got a key")
	}
}

func TestPostgresRefusesToBringKeysBack(t *testing.T) {
	t.Parallel()
	db, address := migrated(t)
	service, owner := testkit.Pool(t, address), db.Pool(t)
	k := privacy.NewKeyring(newKEK(t), privacy.NewPostgres(service))
	for _, p := range []string{"E1", "E2"} {
		if _, err := k.SealString(t.Context(), p, "c", canary); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Erase(t.Context(), "E1"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`UPDATE privacy.person_key SET wrapped = '\x00', erased_at = NULL WHERE person_id = 'E1'`,
		`UPDATE privacy.person_key SET person_id = 'E3' WHERE person_id = 'E1'`,
		`DELETE FROM privacy.person_key WHERE person_id = 'E2'`,
		`TRUNCATE privacy.person_key`,
	} {
		if _, err := service.Exec(t.Context(), statement); err == nil {
			t.Errorf("the service may: %s", statement)
		}
		if _, err := owner.Exec(t.Context(), statement); err == nil {
			t.Errorf("the owner may: %s", statement)
		}
	}
}

func BenchmarkPrefetchPostgres(b *testing.B) {
	db := testkit.Postgres(b)
	role, address := db.Role(b)
	conn, err := pgx.Connect(b.Context(), db.Admin)
	if err != nil {
		b.Fatal(err)
	}
	if err := privacy.Migrate(b.Context(), conn, role); err != nil {
		b.Fatal(err)
	}
	if err := conn.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	k := privacy.NewKeyring(newKEK(b), privacy.NewPostgres(testkit.Pool(b, address)))
	var persons []string
	for i := range 1000 {
		persons = append(persons, "E"+string(rune('a'+i%26))+string(rune('a'+i/26)))
		if _, err := k.SealString(b.Context(), persons[i], "c", canary); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		for _, p := range persons {
			k.Forget(p)
		}
		if err := k.Prefetch(b.Context(), persons); err != nil {
			b.Fatal(err)
		}
	}
}
