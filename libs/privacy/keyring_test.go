package privacy_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/privacy"
)

func TestStringsOfReadModels(t *testing.T) {
	t.Parallel()
	k, ctx := newKeyring(t), t.Context()
	s, err := k.SealString(ctx, "E1", "person.email", canary)
	if err != nil || strings.Contains(s, "CANARY") {
		t.Fatalf("sealed %q, %v", s, err)
	}
	if clear, err := k.OpenString(ctx, "E1", "person.email", s); err != nil || clear != canary {
		t.Errorf("opened %q, %v", clear, err)
	}
	if _, err := k.OpenString(ctx, "E1", "person.name", s); !errors.Is(err, privacy.ErrTampered) {
		t.Errorf("opened in another column: %v", err)
	}
	if empty, err := k.SealString(ctx, "E1", "person.email", ""); err != nil || empty != "" {
		t.Errorf("empty became %q, %v", empty, err)
	}
	if _, err := k.SealString(ctx, "", "person.email", canary); err == nil {
		t.Error("sealed for nobody")
	}
	if err := k.Erase(ctx, "E1"); err != nil {
		t.Fatal(err)
	}
	if clear, err := k.OpenString(ctx, "E1", "person.email", s); err != nil || clear != "" {
		t.Errorf("after erasure %q, %v", clear, err)
	}
}

func TestAnotherKEKOpensNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	store := privacy.NewMemory()
	s, err := privacy.NewKeyring(newKEK(t), store).SealString(t.Context(), "E1", "c", canary)
	if err != nil {
		t.Fatal(err)
	}
	_, err = privacy.NewKeyring(newKEK(t), store).OpenString(t.Context(), "E1", "c", s)
	if err == nil || !strings.Contains(err.Error(), "restore the right key file") {
		t.Errorf("err = %v", err)
	}
}

func TestAWrappedKeyIsBoundToItsPerson(t *testing.T) {
	t.Parallel()
	store, kek := privacy.NewMemory(), newKEK(t)
	if _, err := privacy.NewKeyring(kek, store).SealString(t.Context(), "E1", "c", canary); err != nil {
		t.Fatal(err)
	}
	stolen, err := store.Get(t.Context(), []string{"E1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.PutIfAbsent(t.Context(), "E2", stolen["E1"]); err != nil {
		t.Fatal(err)
	}
	if _, err := privacy.NewKeyring(kek, store).SealString(t.Context(), "E2", "c", "x"); err == nil {
		t.Error("the key of E1 serves for E2")
	}
}

func TestManyAtOnceShareOneKey(t *testing.T) {
	t.Parallel()
	kek, store := newKEK(t), privacy.NewMemory()
	rings := []*privacy.Keyring{privacy.NewKeyring(kek, store), privacy.NewKeyring(kek, store)}
	concurrently(t, rings)
}

// concurrently seals with several keyrings for few new persons and opens
// everything with the others.
func concurrently(t *testing.T, rings []*privacy.Keyring) {
	t.Helper()
	const persons, each = 5, 40
	values := make([]string, persons*each)
	var wg sync.WaitGroup
	for i := range values {
		wg.Go(func() {
			var err error
			person := fmt.Sprint("E", i%persons)
			if values[i], err = rings[i%len(rings)].SealString(context.Background(), person, "c", fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, s := range values {
		for _, k := range rings {
			clear, err := k.OpenString(t.Context(), fmt.Sprint("E", i%persons), "c", s)
			if err != nil || clear != fmt.Sprint(i) {
				t.Fatalf("value %d opened as %q, %v", i, clear, err)
			}
		}
	}
}

// counting is a store that counts questions, and can erase just after one was
// answered.
type counting struct {
	privacy.KeyStore
	gets     atomic.Int64
	afterGet func()
}

func (c *counting) Get(ctx context.Context, persons []string) (map[string]privacy.WrappedKey, error) {
	c.gets.Add(1)
	found, err := c.KeyStore.Get(ctx, persons)
	if c.afterGet != nil {
		c.afterGet()
	}
	return found, err
}

func TestPrefetchAsksOnce(t *testing.T) {
	t.Parallel()
	kek, store := newKEK(t), &counting{KeyStore: privacy.NewMemory()}
	writer := privacy.NewKeyring(kek, store)
	persons, values := []string{}, []string{}
	for i := range 100 {
		p := fmt.Sprint("E", i)
		s, err := writer.SealString(t.Context(), p, "c", p)
		if err != nil {
			t.Fatal(err)
		}
		persons, values = append(persons, p), append(values, s)
	}
	store.gets.Store(0)
	reader := privacy.NewKeyring(kek, store)
	if err := reader.Prefetch(t.Context(), append(persons, "unknown")); err != nil {
		t.Fatal(err)
	}
	for i, s := range values {
		if clear, err := reader.OpenString(t.Context(), persons[i], "c", s); err != nil || clear != persons[i] {
			t.Fatalf("%q, %v", clear, err)
		}
	}
	if n := store.gets.Load(); n != 1 {
		t.Errorf("%d queries for 100 persons, want 1", n)
	}
}

// TestErasureBeatsAReadUnderWay: a key that was read before an erasure must
// not be remembered after it.
func TestErasureBeatsAReadUnderWay(t *testing.T) {
	t.Parallel()
	kek, store := newKEK(t), &counting{KeyStore: privacy.NewMemory()}
	s, err := privacy.NewKeyring(kek, store).SealString(t.Context(), "E1", "c", canary)
	if err != nil {
		t.Fatal(err)
	}
	k := privacy.NewKeyring(kek, store)
	store.afterGet = func() {
		store.afterGet = nil
		if err := k.Erase(t.Context(), "E1"); err != nil {
			t.Error(err)
		}
	}
	if _, err := k.OpenString(t.Context(), "E1", "c", s); err != nil {
		t.Fatal(err)
	}
	if clear, err := k.OpenString(t.Context(), "E1", "c", s); err != nil || clear != "" {
		t.Errorf("after the erasure %q, %v", clear, err)
	}
}

func TestBlindIndex(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index.key")
	key, err := privacy.LoadOrCreateIndexKey(path)
	if err != nil || len(key) != 32 {
		t.Fatalf("%d bytes, %v", len(key), err)
	}
	again, err := privacy.LoadOrCreateIndexKey(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := privacy.LoadOrCreateIndexKey(path + "2")
	if err != nil {
		t.Fatal(err)
	}
	a := string(privacy.BlindIndex(key, "a@example.com"))
	if a != string(privacy.BlindIndex(again, "a@example.com")) {
		t.Error("the index changes over a restart")
	}
	if a == string(privacy.BlindIndex(key, "b@example.com")) || a == string(privacy.BlindIndex(other, "a@example.com")) {
		t.Error("the index does not depend on value and key")
	}
}

func BenchmarkSealMessage(b *testing.B) {
	k := newKeyring(b)
	m := person()
	b.ReportAllocs()
	for b.Loop() {
		sealed(b, k, m)
	}
}

func BenchmarkOpenMessage(b *testing.B) {
	k := newKeyring(b)
	s := sealed(b, k, person())
	wire := s.ProtoReflect()
	b.ReportAllocs()
	for b.Loop() {
		d := wire.Get(wire.Descriptor().Fields().ByName("details")).Message().Interface().(*identityv1.PersonDetails)
		c := &identityv1.PersonDetails{PersonId: d.PersonId, Name: d.Name, Email: d.Email, Phone: d.Phone, IdNumber: d.IdNumber}
		if err := k.Open(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkColdKey(b *testing.B) {
	kek, store := newKEK(b), privacy.NewMemory()
	s, err := privacy.NewKeyring(kek, store).SealString(b.Context(), "E1", "c", canary)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	k := privacy.NewKeyring(kek, store)
	for b.Loop() {
		k.Forget("E1")
		if _, err := k.OpenString(b.Context(), "E1", "c", s); err != nil {
			b.Fatal(err)
		}
	}
}

func person() *identityv1.PersonRegistered {
	return &identityv1.PersonRegistered{
		PersonId: "E1", EmployeeNumber: "E1",
		Details: &identityv1.PersonDetails{PersonId: "E1", Name: "王小明", Email: "xm@example.com", Phone: "13800000000", IdNumber: "110101199003070000", Kind: "employee"},
	}
}
