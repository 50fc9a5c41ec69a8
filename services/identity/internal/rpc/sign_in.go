package rpc

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/session"
)

// The refusals of signing in.
var (
	// ErrSignIn is the one answer to a wrong user and to a wrong password.
	ErrSignIn = fault.New(fault.Unauthenticated, "SIGN_IN_FAILED",
		"User or password is wrong.", "账号或口令不正确。")
	// ErrSuspended is told only to whoever knows the password.
	ErrSuspended = fault.New(fault.Forbidden, "ACCOUNT_SUSPENDED",
		"This account is suspended; ask an administrator.", "账号已停用，请联系管理员。")
	// ErrChangeRequired says that the initial password only serves to set
	// another (IDN-052).
	ErrChangeRequired = fault.New(fault.Refused, "PASSWORD_CHANGE_REQUIRED",
		"The initial password must be changed: sign in again and pass a new password as well.",
		"初始口令必须修改：请重新登录并同时提交新口令。")
	// ErrExpired says that a password has served too long (IDN-054).
	ErrExpired = fault.New(fault.Refused, "PASSWORD_EXPIRED",
		"This password has served too long: sign in again and pass a new password as well.",
		"口令已超过使用期限：请重新登录并同时提交新口令。")
	// ErrSamePassword says that the new password is the old one.
	ErrSamePassword = fault.New(fault.Refused, "PASSWORD_UNCHANGED",
		"The new password must differ from the old one.", "新口令不能与原口令相同。")
)

// maxInput bounds what a stranger may send.
const maxInput = 1024

// SignIn checks user and password and opens a session.
func (s *SignIn) SignIn(ctx context.Context, r *identityv1.SignInRequest) (*identityv1.SignInResponse, error) {
	user := strings.TrimSpace(r.GetUser())
	if !account.ValidName(user) || len(r.GetPassword()) > maxInput {
		return nil, ErrSignIn
	}
	attempt := credential.Attempt{Account: user, Address: grpckit.Address(ctx)}
	if r.GetDevice() != "" {
		a, _, err := s.account(ctx, user)
		if err != nil {
			return nil, err
		}
		attempt.Device = s.Devices.Known(user, a.CredentialID, r.GetDevice())
	}
	a, since, err := s.prove(ctx, attempt, r.GetPassword())
	if err != nil {
		return nil, err
	}
	if a.CredentialID, err = s.password(ctx, a, since, r); err != nil {
		return nil, err
	}
	return s.open(ctx, a)
}

// prove returns the account if the password is right, and since when that is
// its password. It takes as long for an account that does not exist.
func (s *SignIn) prove(ctx context.Context, attempt credential.Attempt, password string) (a account.State, since time.Time, err error) {
	if err := s.Throttle.Pass(ctx, attempt); err != nil {
		return a, since, err
	}
	a, since, err = s.account(ctx, attempt.Account)
	if err != nil {
		return account.State{}, since, err
	}
	right, err := s.Credentials.Verify(ctx, a.CredentialID, password)
	switch {
	case err != nil:
		return account.State{}, since, err
	case !right:
		s.failed(ctx, attempt)
		return account.State{}, since, ErrSignIn
	}
	s.Throttle.Succeeded(attempt)
	if a.Status != account.Active {
		return account.State{}, since, ErrSuspended
	}
	return a, since, nil
}

// account reads an account, and since when it has its password.
func (s *SignIn) account(ctx context.Context, name string) (a account.State, since time.Time, err error) {
	facts, err := s.Platform.Journal.Stream(ctx, account.Stream(name))
	if err != nil {
		return a, since, err
	}
	for _, f := range facts {
		before := a.CredentialID
		if a = account.Evolve(a, f.Message); a.CredentialID != before {
			since = f.RecordedAt
		}
	}
	return a, since, nil
}

// tellWithin bounds how long a word about guessing may take.
const tellWithin = 10 * time.Second

// failed writes into the account's history that somebody guesses, once that is
// so. The answer does not wait for it: it is the same for a name that is no
// account.
func (s *SignIn) failed(ctx context.Context, attempt credential.Attempt) {
	if !s.Throttle.Noticed(attempt) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	go func() {
		defer cancel()
		_, err := eventstore.Execute(ctx, s.Platform.Journal, account.Decider, account.Stream(attempt.Account), fresh(),
			eventstore.Metadata{Actor: "service:" + s.Platform.Service}, account.Command(account.NoticeGuessing{KnownDevice: attempt.Device != ""}))
		if err != nil {
			s.Platform.Log.WarnContext(ctx, "guessing was not written down", "error", err)
		}
	}()
}

// password replaces the password if a new one was given, and insists on it
// where it must be. It returns the credential that is then in force.
func (s *SignIn) password(ctx context.Context, a account.State, since time.Time, r *identityv1.SignInRequest) (string, error) {
	current, _, err := s.Packs.Current(ctx)
	if err != nil {
		return "", err
	}
	profile := account.CNClassic
	if current != nil && current.PasswordProfile != "" {
		profile = current.PasswordProfile
	}
	if r.GetNewPassword() == "" {
		renewal := account.Renewal(profile)
		switch {
		case a.MustChange:
			return "", ErrChangeRequired
		case renewal > 0 && s.Platform.Clock.Now().Sub(since) >= renewal:
			return "", ErrExpired
		}
		return a.CredentialID, nil
	}
	if r.GetNewPassword() == r.GetPassword() {
		return "", ErrSamePassword
	}
	if err := account.Acceptable(profile, a.Account, r.GetNewPassword()); err != nil {
		return "", err
	}
	id, err := s.Credentials.Put(ctx, r.GetNewPassword())
	if err != nil {
		return "", err
	}
	_, err = eventstore.Execute(ctx, s.Platform.Journal, account.Decider, account.Stream(a.Account), fresh(), eventstore.Metadata{Actor: a.Account},
		account.Command(account.ChangePassword{Known: a.CredentialID, CredentialID: id}))
	return id, err
}

func (s *SignIn) open(ctx context.Context, a account.State) (*identityv1.SignInResponse, error) {
	id, secret := "ses_"+newID(), credential.NewSecret()
	if err := s.Credentials.PutSession(ctx, id, secret); err != nil {
		return nil, err
	}
	result, err := eventstore.Execute(ctx, s.Platform.Journal, session.Decider, session.Stream(id), fresh(), eventstore.Metadata{Actor: a.Account},
		session.Command(session.OpenSession{
			ID: id, PersonID: a.PersonID, Account: a.Account, ExpiresAt: s.MachineNow().Add(s.SessionLifetime), CredentialID: a.CredentialID,
		}))
	if err != nil {
		return nil, err
	}
	token, err := s.token(a, id)
	if err != nil {
		return nil, err
	}
	if err := s.Platform.Answer(ctx, result.Last); err != nil {
		return nil, err
	}
	return &identityv1.SignInResponse{
		AccessToken: token, ExpiresIn: int32(s.TokenLifetime / time.Second), Session: secret,
		Account: a.Account, Roles: a.Roles, Position: result.Last, Device: s.Devices.Mark(a.Account, a.CredentialID),
	}, nil
}

func (s *SignIn) token(a account.State, session string) (string, error) {
	return s.Signer.Sign(authn.Claims{Subject: a.Account, Session: session, Person: a.PersonID, Roles: a.Roles}, s.TokenLifetime)
}

// fresh is a command that nobody repeats: signing in twice opens two sessions.
func fresh() eventstore.Command {
	id := newID()
	return eventstore.Command{ID: id, Digest: eventstore.Digest("sign-in", "", "", []byte(id))}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
