package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/ostiary/ostiary/libs/keyfile"
)

// LoadOrCreateIndexKey reads the key of blind indexes at path, 64 hexadecimal
// digits, or makes one with mode 0600. It is a file of its own: searching does
// not need the KEK.
func LoadOrCreateIndexKey(path string) ([]byte, error) {
	text, err := keyfile.LoadOrCreate(path, func() ([]byte, error) {
		return hex.AppendEncode(nil, newSecret()), nil
	})
	if err != nil {
		return nil, fmt.Errorf("index key: %w", err)
	}
	key := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(key, text); err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("index key %s: want 64 hexadecimal digits", path)
	}
	return key, nil
}

// BlindIndex is what a read model stores beside a sealed value to find it by
// equality. The caller brings the value to one form first (case, spaces) and
// blanks the index when the person is erased.
func BlindIndex(key []byte, normalised string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(normalised))
	return h.Sum(nil)
}
