package privacy

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/ostiary/ostiary/libs/keyfile"
)

// KEK is the key-encrypting key of a service: it wraps the keys of persons. A
// keyset may hold older keys for reading beside the primary one.
type KEK struct {
	// ID is the primary key's number in the keyset.
	ID   string
	aead tink.AEAD
}

// errKEKFile keeps the key material out of messages.
var errKEKFile = errors.New("the file does not hold a tink AEAD keyset in JSON")

// LoadOrCreateKEK reads the KEK at path, a tink keyset in JSON, or makes one
// with mode 0600. Whoever loses it has erased everybody.
func LoadOrCreateKEK(path string) (*KEK, error) {
	secret, err := keyfile.LoadOrCreate(path, newKEK)
	if err != nil {
		return nil, fmt.Errorf("key-encrypting key: %w", err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(secret)))
	if err != nil {
		return nil, fmt.Errorf("key-encrypting key %s: %w", path, errKEKFile)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("key-encrypting key %s: %w", path, errKEKFile)
	}
	id := strconv.FormatUint(uint64(handle.KeysetInfo().GetPrimaryKeyId()), 10)
	return &KEK{ID: id, aead: primitive}, nil
}

func newKEK() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	return b.Bytes(), nil
}

// wrap makes a key for a person. The person is bound in: the row of another
// one does not open in its place.
func (k *KEK) wrap(person string) (WrappedKey, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return WrappedKey{}, fmt.Errorf("make key of person: %w", err)
	}
	var b bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), k.aead, []byte(person)); err != nil {
		return WrappedKey{}, fmt.Errorf("wrap key of person: %w", err)
	}
	return WrappedKey{Wrapped: b.Bytes(), KEK: k.ID}, nil
}

func (k *KEK) unwrap(person string, w WrappedKey) (tink.AEAD, error) {
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(w.Wrapped)), k.aead, []byte(person))
	if err != nil {
		return nil, fmt.Errorf("unwrap key of %s: it was wrapped with KEK %s, this is %s; restore the right key file: %w", person, w.KEK, k.ID, err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use key of %s: %w", person, err)
	}
	return primitive, nil
}

// newSecret makes 256 random bits.
func newSecret() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}
