package authn

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/ostiary/ostiary/libs/keyfile"
)

// pemType is the block type of PKCS #8.
const pemType = "PRIVATE KEY"

// LoadOrCreateKey returns the private key in the file, PKCS #8 in PEM, and
// makes it with mode 0600 if there is none. A file that others may use is
// refused.
func LoadOrCreateKey(path string) (ed25519.PrivateKey, error) {
	text, err := keyfile.LoadOrCreate(path, newKey)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("read key %s: not a private key in PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read key %s: not an Ed25519 key", path)
	}
	return private, nil
}

func newKey() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}
