package authn_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/authz"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func TestTokensOfPeopleAndServices(t *testing.T) {
	t.Parallel()
	identity, policy := newKey(t), newKey(t)
	v := authn.NewVerifier(map[string]ed25519.PublicKey{
		authn.IssuerIdentity: public(identity), "ostiary/service/policy": public(policy),
	}, at(noon))
	token, err := authn.NewSigner(authn.IssuerIdentity, identity, at(noon)).
		Sign(authn.Claims{Subject: "E1042", Session: "ses_1", Person: "per_1", Roles: []string{"hr"}}, authn.MaxLife)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Verify(token)
	if want := (authz.Caller{Account: "E1042", Session: "ses_1", Person: "per_1", Roles: []string{"hr"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("person: %+v, %v", got, err)
	}
	token, err = authn.NewSigner("ostiary/service/policy", policy, at(noon)).
		Sign(authn.Claims{Subject: "policy", Roles: []string{"admin"}}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got, err = v.Verify(token)
	if want := (authz.Caller{Service: "policy"}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("service: %+v, %v", got, err)
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	identity, policy, stranger := newKey(t), newKey(t), newKey(t)
	v := authn.NewVerifier(map[string]ed25519.PublicKey{
		authn.IssuerIdentity: public(identity), "ostiary/service/policy": public(policy),
	}, at(noon))
	good := jwt.MapClaims{
		"iss": authn.IssuerIdentity, "sub": "E1042", "aud": "ostiary", "sid": "ses_1",
		"iat": noon.Unix(), "exp": noon.Add(5 * time.Minute).Unix(),
	}
	with := func(change jwt.MapClaims) jwt.MapClaims {
		c := maps.Clone(good)
		for k, v := range change {
			if c[k] = v; v == nil {
				delete(c, k)
			}
		}
		return c
	}
	sign := func(m jwt.SigningMethod, c jwt.MapClaims, key any) string {
		t.Helper()
		token, err := jwt.NewWithClaims(m, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	ed := func(change jwt.MapClaims) string { return sign(jwt.SigningMethodEdDSA, with(change), identity) }
	service := func(change jwt.MapClaims) string {
		c := with(jwt.MapClaims{"iss": "ostiary/service/policy", "sub": "policy", "sid": nil})
		maps.Copy(c, change)
		return sign(jwt.SigningMethodEdDSA, c, policy)
	}
	for name, token := range map[string]string{"of a person": ed(nil), "of a service": service(nil)} {
		if _, err := v.Verify(token); err != nil {
			t.Fatalf("the good token %s is refused: %v", name, err)
		}
	}
	parts := strings.Split(ed(nil), ".")
	body, err := json.Marshal(with(jwt.MapClaims{"sub": "admin"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		token string
		want  error
	}{
		"empty":                          {"", authn.ErrTokenInvalid},
		"not a token":                    {"a.b.c", authn.ErrTokenInvalid},
		"endless":                        {strings.Repeat("A", 1<<20), authn.ErrTokenInvalid},
		"without signature, alg none":    {sign(jwt.SigningMethodNone, good, jwt.UnsafeAllowNoneSignatureType), authn.ErrTokenInvalid},
		"signature cut off":              {parts[0] + "." + parts[1] + ".", authn.ErrTokenInvalid},
		"HS256 with the public key":      {sign(jwt.SigningMethodHS256, good, []byte(public(identity))), authn.ErrTokenInvalid},
		"body changed":                   {parts[0] + "." + base64.RawURLEncoding.EncodeToString(body) + "." + parts[2], authn.ErrTokenInvalid},
		"key of a stranger":              {sign(jwt.SigningMethodEdDSA, good, stranger), authn.ErrTokenInvalid},
		"key of a service for a person":  {sign(jwt.SigningMethodEdDSA, good, policy), authn.ErrTokenInvalid},
		"unknown issuer":                 {ed(jwt.MapClaims{"iss": "ostiary/service/x", "sub": "x"}), authn.ErrTokenInvalid},
		"no issuer":                      {ed(jwt.MapClaims{"iss": nil}), authn.ErrTokenInvalid},
		"other audience":                 {ed(jwt.MapClaims{"aud": "elsewhere"}), authn.ErrTokenInvalid},
		"other audience, expired":        {ed(jwt.MapClaims{"aud": "elsewhere", "exp": noon.Unix()}), authn.ErrTokenInvalid},
		"no audience":                    {ed(jwt.MapClaims{"aud": nil}), authn.ErrTokenInvalid},
		"expired":                        {ed(jwt.MapClaims{"iat": noon.Add(-5 * time.Minute).Unix(), "exp": noon.Add(-time.Second).Unix()}), authn.ErrTokenExpired},
		"expired this instant":           {ed(jwt.MapClaims{"iat": noon.Add(-5 * time.Minute).Unix(), "exp": noon.Unix()}), authn.ErrTokenExpired},
		"never expires":                  {ed(jwt.MapClaims{"exp": nil}), authn.ErrTokenInvalid},
		"lives six minutes":              {ed(jwt.MapClaims{"exp": noon.Add(6 * time.Minute).Unix()}), authn.ErrTokenInvalid},
		"lives one second too long":      {ed(jwt.MapClaims{"exp": noon.Add(5*time.Minute + time.Second).Unix()}), authn.ErrTokenInvalid},
		"no time of issue":               {ed(jwt.MapClaims{"iat": nil}), authn.ErrTokenInvalid},
		"from the future":                {ed(jwt.MapClaims{"iat": noon.Add(time.Hour).Unix(), "exp": noon.Add(time.Hour + time.Minute).Unix()}), authn.ErrTokenInvalid},
		"no session":                     {ed(jwt.MapClaims{"sid": nil}), authn.ErrTokenInvalid},
		"no subject":                     {ed(jwt.MapClaims{"sub": ""}), authn.ErrTokenInvalid},
		"service that speaks for others": {service(jwt.MapClaims{"sub": "audit"}), authn.ErrTokenInvalid},
		"service that claims a person":   {service(jwt.MapClaims{"sub": "admin", "sid": "ses_1"}), authn.ErrTokenInvalid},
	} {
		caller, err := v.Verify(tc.token)
		if !errors.Is(err, tc.want) || !reflect.DeepEqual(caller, authz.Caller{}) {
			t.Errorf("%s: got %+v, %v; want %v", name, caller, err, tc.want)
		}
	}
}

func TestEndedSessionEndsItsTokens(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	v := authn.NewVerifier(map[string]ed25519.PublicKey{authn.IssuerIdentity: public(key)}, at(noon))
	token, err := authn.NewSigner(authn.IssuerIdentity, key, at(noon)).Sign(authn.Claims{Subject: "E1", Session: "ses_1"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ended := map[string]error{}
	v.SetSessionCheck(func(session string) error { return ended[session] })
	if _, err := v.Verify(token); err != nil {
		t.Errorf("open session: %v", err)
	}
	for _, want := range []error{authn.ErrSessionEnded, authn.ErrSessionUncertain} {
		ended["ses_1"] = want
		if _, err := v.Verify(token); !errors.Is(err, want) {
			t.Errorf("session: %v, want %v", err, want)
		}
	}
}

func TestSignerRefusesLongLives(t *testing.T) {
	t.Parallel()
	s := authn.NewSigner(authn.IssuerIdentity, newKey(t), at(noon))
	for _, ttl := range []time.Duration{-time.Second, 0, time.Millisecond, authn.MaxLife + 1, time.Hour} {
		if _, err := s.Sign(authn.Claims{Subject: "x", Session: "s"}, ttl); err == nil {
			t.Errorf("signed a token that lives %s", ttl)
		}
	}
	if _, err := s.Sign(authn.Claims{}, time.Minute); err == nil {
		t.Error("signed a token of nobody")
	}
}
