// Package bootstrap makes the first administrator at the first start.
package bootstrap

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/keyfile"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/policy"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// PasswordFile is the name of the key file with the generated password.
const PasswordFile = "initial-admin-password"

// floor is the length below which no password is taken, by whatever profile.
const floor = 6

// First is the first administrator, once it is there.
type First struct {
	p           *servicekit.Platform
	credentials *credential.Store
	password    string
	done        atomic.Bool
}

// New returns the worker that makes the first administrator. An empty password
// is generated.
func New(p *servicekit.Platform, credentials *credential.Store, password string) *First {
	return &First{p: p, credentials: credentials, password: password}
}

// Done tells whether there is an administrator.
func (f *First) Done() bool { return f.done.Load() }

// Run makes the administrator unless it is there, and repeats that until it
// succeeds. A password that was given and is too short stops the service.
func (f *First) Run(ctx context.Context) error {
	if f.password != "" && len(f.password) < floor {
		return fmt.Errorf("IDENTITY_BOOTSTRAP_PASSWORD is shorter than %d characters", floor)
	}
	for ctx.Err() == nil {
		err := f.make(ctx)
		if err == nil {
			f.done.Store(true)
			return nil
		}
		f.p.Log.WarnContext(ctx, "first administrator not made yet", "error", err)
		if err := (clock.System{}).Until(ctx, clock.System{}.Now().Add(time.Second)); err != nil {
			return nil
		}
	}
	return nil
}

// namespace makes the command id the same at every start.
var namespace = uuid.MustParse("93d1a0f5-1df5-5a0c-8a59-4d1a2f6a7c02")

func (f *First) make(ctx context.Context) error {
	stream := account.Stream(policy.FirstAdmin)
	a, _, err := eventstore.Load(ctx, f.p.Journal, account.Decider, stream)
	if err != nil {
		return err
	}
	switch {
	case slices.Contains(a.Roles, account.Admin):
		return nil
	case a.Status != account.None:
		return f.keep(ctx)
	}
	password, path := f.password, f.p.KeyFile(PasswordFile)
	if password == "" {
		if password, err = told(path); err != nil {
			return err
		}
	}
	id, err := f.credentials.Put(ctx, password)
	if err != nil {
		return err
	}
	command := uuid.NewSHA1(namespace, []byte(policy.FirstAdmin)).String()
	_, err = eventstore.Execute(ctx, f.p.Journal, account.Decider, stream,
		eventstore.Command{ID: command, Digest: eventstore.Digest("bootstrap", stream, f.p.Service, nil)},
		eventstore.Metadata{Actor: "service:" + f.p.Service},
		account.Command(account.AddOperator{
			PersonID: "per_" + uuid.Must(uuid.NewV7()).String(), Account: policy.FirstAdmin,
			Roles: []string{account.Admin, account.AccessAdmin, account.HR}, CredentialID: id,
			MustChange: f.password == "", Reason: account.Bootstrap,
		}))
	if err != nil {
		return fmt.Errorf("add the first administrator: %w", err)
	}
	if f.password == "" {
		f.p.Log.InfoContext(ctx, "first administrator made; its initial password is in a file", "account", policy.FirstAdmin, "file", path)
	}
	return nil
}

// told is a new password that stands in a file. The file comes first: a password
// that nobody was told would lock everybody out.
func told(path string) (string, error) {
	stored, err := keyfile.LoadOrCreate(path, func() ([]byte, error) { return []byte(credential.NewPassword()), nil })
	if err != nil {
		return "", fmt.Errorf("keep the initial password: %w", err)
	}
	return string(stored), nil
}

// keep looks at the start whether somebody is left who administers.
func (f *First) keep(ctx context.Context) error {
	head, err := f.p.Journal.Store.Head(ctx)
	if err != nil {
		return err
	}
	id := uuid.NewSHA1(namespace, fmt.Appendf(nil, "keep %d", head)).String()
	stream := account.Stream(policy.FirstAdmin)
	return f.Keep(ctx, head, eventstore.Command{ID: id, Digest: eventstore.Digest("keep", stream, f.p.Service, nil)},
		eventstore.Metadata{Actor: "service:" + f.p.Service})
}

// Keep gives the first administrator the role again, with a password that is
// told in the file of the first start, if nobody holds it at a position.
func (f *First) Keep(ctx context.Context, position int64, command eventstore.Command, meta eventstore.Metadata) error {
	stream := account.Stream(policy.FirstAdmin)
	a, _, err := eventstore.Load(ctx, f.p.Journal, account.Decider, stream)
	if err != nil || a.Status != account.Active || slices.Contains(a.Roles, account.Admin) {
		return err
	}
	if err := f.p.Projected(ctx, position); err != nil {
		return fmt.Errorf("wait for the read models: %w", err)
	}
	others, err := readmodel.Holders(ctx, f.p.Pool, account.Admin, policy.FirstAdmin)
	if err != nil || len(others) > 0 {
		return err
	}
	path := f.p.KeyFile(PasswordFile)
	password, err := told(path)
	if err != nil {
		return err
	}
	id, err := f.credentials.Put(ctx, password)
	if err != nil {
		return err
	}
	if _, err := eventstore.Execute(ctx, f.p.Journal, account.Decider, stream, command, meta, account.Command(account.KeepAdmin{OtherAdmins: len(others), CredentialID: id})); err != nil {
		return fmt.Errorf("keep an administrator: %w", err)
	}
	f.p.Log.WarnContext(ctx, "nobody was left who administers; the first administrator does again, the password is in a file", "account", policy.FirstAdmin, "file", path)
	return nil
}
