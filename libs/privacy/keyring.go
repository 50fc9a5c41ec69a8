package privacy

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/fault"
)

// mark starts every sealed value; the number is the form of what follows.
const mark = "sealed:1:"

var (
	// ErrErased refuses to write something about a person whose data was
	// erased.
	ErrErased = fault.New(fault.Refused, "PERSON_ERASED",
		"The personal data of this person were erased; register the person anew, under another person id.",
		"此人的个人资料已被清除；请以新的人员编号重新登记。")
	// ErrTampered says that a sealed value does not open: it was changed, or
	// moved to another person, message or field.
	ErrTampered = errors.New("the sealed value was changed or moved")
	// ErrNoKey says that a sealed value's key was never in this store: the
	// database was restored without its keys, or the value is another service's.
	ErrNoKey = errors.New("there is no key for this person here")
)

// Keyring seals and opens personal values; it implements eventstore.Sealer. It
// is safe for concurrent use, also by several processes on one store.
type Keyring struct {
	kek   *KEK
	store KeyStore
	cache *cache
	plans *plans
}

// NewKeyring returns a keyring over a store.
func NewKeyring(kek *KEK, store KeyStore) *Keyring {
	return &Keyring{kek: kek, store: store, cache: newCache(cachedKeys, cachedFor, clock.System{}.Now), plans: &plans{}}
}

// Prefetch opens the keys of many persons with one query, for a projection
// that is about to read about all of them. Persons without a key are passed
// over.
func (k *Keyring) Prefetch(ctx context.Context, persons []string) error {
	_, err := k.keys(ctx, persons)
	return err
}

// Erase destroys a person's key. Every value sealed with it reads as "" from
// now on, here at once and in other processes within a minute or when they
// call Forget.
func (k *Keyring) Erase(ctx context.Context, person string) error {
	if err := k.store.Erase(ctx, person); err != nil {
		return err
	}
	k.Forget(person)
	return nil
}

// Forget drops what this process remembers of a person's key.
func (k *Keyring) Forget(person string) { k.cache.drop(person) }

// SealString seals a value for a column of a read model. The label names the
// place, for example "person.email"; only the same label opens it. "" stays "".
func (k *Keyring) SealString(ctx context.Context, person, label, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	keys, err := k.keysForSealing(ctx, []string{person})
	if err != nil {
		return "", err
	}
	return seal(keys[person], binding(person, "", label), s)
}

// OpenString opens what SealString made; "" if the person was erased.
func (k *Keyring) OpenString(ctx context.Context, person, label, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	keys, err := k.keys(ctx, []string{person})
	if err != nil {
		return "", err
	}
	return open(keys, person, binding(person, "", label), sealed)
}

// keys returns the keys of those persons that have or had one, nil for an
// erased person.
func (k *Keyring) keys(ctx context.Context, persons []string) (map[string]tink.AEAD, error) {
	keys, missing, since := k.cache.get(persons)
	if len(missing) == 0 {
		return keys, nil
	}
	found, err := k.store.Get(ctx, missing)
	if err != nil {
		return nil, err
	}
	for person, w := range found {
		if keys[person], err = k.open(person, w, since); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// keysForSealing returns a key for every person, made if there is none.
func (k *Keyring) keysForSealing(ctx context.Context, persons []string) (map[string]tink.AEAD, error) {
	keys, err := k.keys(ctx, persons)
	if err != nil {
		return nil, err
	}
	for _, person := range persons {
		if person == "" {
			return nil, errNoSubject
		}
		if _, ok := keys[person]; !ok {
			if keys[person], err = k.create(ctx, person); err != nil {
				return nil, err
			}
		}
		if keys[person] == nil {
			return nil, ErrErased.With("person", person)
		}
	}
	return keys, nil
}

func (k *Keyring) create(ctx context.Context, person string) (tink.AEAD, error) {
	since := k.cache.mark()
	made, err := k.kek.wrap(person)
	if err != nil {
		return nil, err
	}
	stored, err := k.store.PutIfAbsent(ctx, person, made) // another process may have been first: its key counts
	if err != nil {
		return nil, err
	}
	return k.open(person, stored, since)
}

// open unwraps a stored key and remembers it. It returns nil for an erased
// one.
func (k *Keyring) open(person string, w WrappedKey, since uint64) (tink.AEAD, error) {
	var key tink.AEAD
	if !w.Erased() {
		var err error
		if key, err = k.kek.unwrap(person, w); err != nil {
			return nil, err
		}
	}
	k.cache.put(person, key, since)
	return key, nil
}

// binding is the associated data: each part behind its length, so that no two
// places share it.
func binding(person, message, field string) []byte {
	b := make([]byte, 0, 12+len(person)+len(message)+len(field))
	for _, part := range []string{person, message, field} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // names are short
		b = append(b, part...)
	}
	return b
}

func seal(key tink.AEAD, bound []byte, s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("seal: the value is not valid UTF-8")
	}
	c, err := key.Encrypt([]byte(s), bound)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	return mark + base64.RawURLEncoding.EncodeToString(c), nil
}

func open(keys map[string]tink.AEAD, person string, bound []byte, sealed string) (string, error) {
	key, known := keys[person]
	text, marked := strings.CutPrefix(sealed, mark)
	switch {
	case !marked:
		return "", ErrTampered // clear text where only sealed values are written
	case !known:
		return "", fmt.Errorf("open for %s: %w", person, ErrNoKey)
	case key == nil:
		return "", nil
	}
	c, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", ErrTampered
	}
	clear, err := key.Decrypt(c, bound)
	if err != nil {
		return "", ErrTampered
	}
	return string(clear), nil
}

// cachedFor bounds how long another process may still read about a person who
// was erased elsewhere; cachedKeys bounds memory.
const (
	cachedFor  = time.Minute
	cachedKeys = 20_000
)
