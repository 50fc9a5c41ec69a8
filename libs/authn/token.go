// Package authn proves who is calling: short-lived access tokens, signed with
// Ed25519 by identity for people and by each service for itself.
package authn

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxLife is the longest life of a token. A verifier refuses one that claims
// more, whoever signed it.
const MaxLife = 5 * time.Minute

// Issuers and audience as they stand in tokens.
const (
	// SessionsKeptBy is the service that keeps the sessions of people.
	SessionsKeptBy = "identity"
	// IssuerIdentity signs for people.
	IssuerIdentity = "ostiary/identity"
	// issuerService, followed by its name, is a service that signs for itself.
	issuerService = "ostiary/service/"
	audience      = "ostiary"
)

// Claims are what a token says beyond who signed it and when.
type Claims struct {
	// Subject is the account name of a person or the name of a service.
	Subject string
	// Session is the revocable session of a person.
	Session string
	// Person is the internal id of the person, if the account has one.
	Person string
	// Roles are the product roles of a person.
	Roles []string
}

// payload is the token's body.
type payload struct {
	jwt.RegisteredClaims
	Session string   `json:"sid,omitempty"`
	Person  string   `json:"person,omitempty"`
	Roles   []string `json:"roles,omitempty"`
}

// Signer makes tokens of one issuer.
type Signer struct {
	issuer string
	key    ed25519.PrivateKey
	now    func() time.Time
}

// NewSigner returns a signer. now is the machine's time: the age of tokens
// does not follow a simulated clock.
func NewSigner(issuer string, key ed25519.PrivateKey, now func() time.Time) *Signer {
	return &Signer{issuer: issuer, key: key, now: now}
}

// Sign makes a token that lives for ttl, at most MaxLife.
func (s *Signer) Sign(c Claims, ttl time.Duration) (string, error) {
	if ttl < time.Second || ttl > MaxLife {
		return "", fmt.Errorf("sign token: a life of %s is not between 1s and %s", ttl, MaxLife)
	}
	if c.Subject == "" {
		return "", errors.New("sign token: no subject")
	}
	issued := s.now().Truncate(time.Second)
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: s.issuer, Subject: c.Subject, Audience: jwt.ClaimStrings{audience},
			IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(issued.Add(ttl.Truncate(time.Second))),
		},
		Session: c.Session, Person: c.Person, Roles: c.Roles,
	}).SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}
