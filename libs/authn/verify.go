package authn

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"
)

// The refusals of a credential.
var (
	// ErrTokenInvalid says that a token was not made by anyone we trust, or not
	// for us.
	ErrTokenInvalid = fault.New(fault.Unauthenticated, "TOKEN_INVALID",
		"The access token is not valid; sign in again.", "访问令牌无效，请重新登录。")
	// ErrTokenExpired says that a token has reached its end; a session gives a
	// new one.
	ErrTokenExpired = fault.New(fault.Unauthenticated, "TOKEN_EXPIRED",
		"The access token has expired; refresh it or sign in again.", "访问令牌已过期，请刷新令牌或重新登录。")
	// ErrSessionEnded says that the session behind a token was ended.
	ErrSessionEnded = fault.New(fault.Unauthenticated, "SESSION_ENDED",
		"This session has ended; sign in again.", "会话已结束，请重新登录。")
	// ErrSessionUncertain says that nobody can tell at this moment whether the
	// session was ended; the door stays shut meanwhile.
	ErrSessionUncertain = fault.New(fault.Unavailable, "SESSION_UNCERTAIN",
		"Whether this session still holds cannot be told at this moment; try again shortly.", "暂时无法确认会话是否有效，请稍后重试。")
)

// skew is how far the clocks of two machines may differ.
const skew = 10 * time.Second

// maxTokenBytes bounds the work that a stranger can cause.
const maxTokenBytes = 8 << 10

// Verifier checks tokens of known issuers.
type Verifier struct {
	keys   map[string]ed25519.PublicKey
	now    func() time.Time
	parser *jwt.Parser
	check  atomic.Pointer[func(session string) error]
}

// NewVerifier returns a verifier that trusts these keys, each for its issuer
// only. now is the machine's time.
func NewVerifier(keys map[string]ed25519.PublicKey, now func() time.Time) *Verifier {
	return &Verifier{
		keys: keys,
		now:  now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(now),
		),
	}
}

// SetSessionCheck sets what refuses a session: with ErrSessionEnded, or with
// ErrSessionUncertain. It is called with every token of a person and must be
// cheap.
func (v *Verifier) SetSessionCheck(check func(session string) error) { v.check.Store(&check) }

// Verify returns who a token speaks for.
func (v *Verifier) Verify(token string) (authz.Caller, error) {
	if len(token) > maxTokenBytes {
		return authz.Caller{}, ErrTokenInvalid
	}
	var p payload
	_, err := v.parser.ParseWithClaims(token, &p, v.keyOf)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidAudience):
		return authz.Caller{}, ErrTokenExpired
	case err != nil:
		return authz.Caller{}, ErrTokenInvalid
	case p.IssuedAt == nil, p.IssuedAt.After(v.now().Add(skew)), p.ExpiresAt.Sub(p.IssuedAt.Time) > MaxLife:
		return authz.Caller{}, ErrTokenInvalid
	}
	if service, ok := strings.CutPrefix(p.Issuer, issuerService); ok {
		if p.Subject != service {
			return authz.Caller{}, ErrTokenInvalid
		}
		return authz.Caller{Service: service}, nil
	}
	return v.person(p)
}

// person is the caller of a token that identity signed.
func (v *Verifier) person(p payload) (authz.Caller, error) {
	if p.Issuer != IssuerIdentity || p.Subject == "" || p.Session == "" {
		return authz.Caller{}, ErrTokenInvalid
	}
	if check := v.check.Load(); check != nil && *check != nil {
		if err := (*check)(p.Session); err != nil {
			return authz.Caller{}, err
		}
	}
	return authz.Caller{Person: p.Person, Account: p.Subject, Session: p.Session, Roles: p.Roles}, nil
}

// keyOf finds the key of the issuer that a token claims.
func (v *Verifier) keyOf(t *jwt.Token) (any, error) {
	issuer, err := t.Claims.GetIssuer()
	if err != nil {
		return nil, err
	}
	key, ok := v.keys[issuer]
	if !ok || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("nobody known as %q", issuer)
	}
	return key, nil
}
