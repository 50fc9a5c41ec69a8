package privacy_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/privacy"
)

const canary = "CANARY-王小明"

func everywhere() values {
	return values{
		"person": "E1", "note": canary, "aliases": []string{canary + "1", "", canary + "2"},
		"phones": map[string]string{"home": canary, "none": ""},
		"relatives": []values{
			{"person": "E2", "note": canary},
			{"note": canary, "delegate": values{"plain": "open", "note": canary}},
		},
		"contacts": map[string]values{"a": {"person": "E3", "aliases": []string{canary}}},
		"plain":    "open", "tags": map[string]string{"t": "open"},
	}
}

func TestSealAndOpenEverywhere(t *testing.T) {
	t.Parallel()
	k, clear := newKeyring(t), newSample(t).make(everywhere())
	s := sealed(t, k, clear)
	wire, err := proto.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wire, []byte("CANARY")) || bytes.Contains(wire, []byte("王小明")) {
		t.Error("clear text is in the stored bytes")
	}
	if n := bytes.Count(wire, []byte("sealed:1:")); n != 8 {
		t.Errorf("%d values are sealed, want 8", n)
	}
	if n := bytes.Count(wire, []byte("open")); n != 3 {
		t.Errorf("%d ordinary values are left alone, want 3", n)
	}
	if err := k.Open(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(s, clear) {
		t.Errorf("opened: %v\nwant: %v", s, clear)
	}
}

func TestErasureTakesOnePersonOnly(t *testing.T) {
	t.Parallel()
	k, sm := newKeyring(t), newSample(t)
	s := sealed(t, k, sm.make(everywhere()))
	if err := k.Erase(t.Context(), "E2"); err != nil {
		t.Fatal(err)
	}
	if err := k.Open(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	v := everywhere()
	v["relatives"].([]values)[0]["note"] = ""
	if want := sm.make(v); !proto.Equal(s, want) {
		t.Errorf("opened: %v\nwant: %v", s, want)
	}
	if err := k.Seal(t.Context(), sm.make(values{"person": "E2", "note": "back"})); !errors.Is(err, privacy.ErrErased) {
		t.Errorf("sealing for an erased person: %v", err)
	}
}

func TestAValueThatLooksSealedIsData(t *testing.T) {
	t.Parallel()
	k, sm := newKeyring(t), newSample(t)
	once := sealed(t, k, sm.make(values{"person": "E1", "note": "x"}))
	for _, note := range []string{"sealed:1:", "sealed:1:AAAA", once.ProtoReflect().Get(sm.sample.Fields().ByName("note")).String()} {
		clear := sm.make(values{"person": "E1", "note": note})
		s := sealed(t, k, clear)
		if proto.Equal(s, clear) {
			t.Errorf("%q was not sealed", note)
		}
		if err := k.Open(t.Context(), s); err != nil || !proto.Equal(s, clear) {
			t.Errorf("%q became %v, %v", note, s, err)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	k, sm := newKeyring(t), newSample(t)
	wrong := dynamicpb.NewMessage(sm.wrong)
	for name, m := range map[string]proto.Message{
		"no subject":          sm.make(values{"note": canary}),
		"no subject, nested":  sm.make(values{"relatives": []values{{"note": canary}}}),
		"not UTF-8":           sm.make(values{"person": "E1", "note": "\xff\xfe" + canary}),
		"a number marked":     wrong,
		"no subject, in list": sm.make(values{"aliases": []string{"", canary}}),
	} {
		err := k.Seal(t.Context(), m)
		if err == nil {
			t.Errorf("%s: sealed", name)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error shows the value: %v", name, err)
		}
	}
	if err := k.Seal(t.Context(), sm.make(values{"note": "", "aliases": []string{""}, "plain": "x"})); err != nil {
		t.Errorf("nothing personal is set, and yet: %v", err)
	}
}

func TestWhatWasTouchedDoesNotOpen(t *testing.T) {
	t.Parallel()
	k, sm := newKeyring(t), newSample(t)
	field := func(name protoreflect.Name) protoreflect.FieldDescriptor { return sm.sample.Fields().ByName(name) }
	base := sealed(t, k, sm.make(values{"person": "E1", "note": canary, "aliases": []string{"other"}})).ProtoReflect()
	sealed(t, k, sm.make(values{"person": "E2", "note": "so that E2 has a key"}))
	note := base.Get(field("note")).String()
	refused := func(name string, v values) {
		t.Helper()
		if err := k.Open(t.Context(), sm.make(v)); !errors.Is(err, privacy.ErrTampered) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	for i := range len(note) {
		b := []byte(note)
		if b[i]++; b[i] > 'z' {
			b[i] = 'A'
		}
		refused("one byte", values{"person": "E1", "note": string(b)})
	}
	refused("another person", values{"person": "E2", "note": note})
	refused("another field", values{"person": "E1", "aliases": []string{note}})
	refused("cut off", values{"person": "E1", "note": note[:len(note)-8]})
	refused("clear text", values{"person": "E1", "note": canary})
	if err := k.Open(t.Context(), sm.make(values{"person": "E9", "note": note})); !errors.Is(err, privacy.ErrNoKey) {
		t.Errorf("a person without a key: %v", err)
	}
}

// TestJournalNeverStoresClearText goes the way of a real event.
func TestJournalNeverStoresClearText(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	j := &eventstore.Journal{Service: "identity", Sealer: k}
	m := &identityv1.PersonRegistered{
		PersonId: "E1", EmployeeNumber: "E1",
		Details: &identityv1.PersonDetails{PersonId: "E1", Name: canary, Email: canary, Phone: canary, IdNumber: canary, Kind: "employee"},
	}
	e, err := j.Encode(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(e.Data, []byte("CANARY")) {
		t.Error("clear text is in the event")
	}
	f, err := j.Decode(t.Context(), eventstore.Recorded{Type: e.Type, Data: e.Data})
	if err != nil || !proto.Equal(f.Message, m) {
		t.Errorf("decoded %v, %v", f.Message, err)
	}
}
