package command

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/cli/internal/output"
	"github.com/ostiary/ostiary/services/cli/internal/session"
)

// SignIn admits whoever replaces the initial password by the good one.
func (s *server) SignIn(_ context.Context, r *identityv1.SignInRequest) (*identityv1.SignInResponse, error) {
	switch {
	case r.GetPassword() != s.initial:
		return nil, errEnded
	case r.GetNewPassword() == "":
		return nil, fault.New(fault.Refused, "PASSWORD_CHANGE_REQUIRED", "pass a new password as well", "请同时提交新口令")
	case r.GetNewPassword() != s.password:
		return nil, fault.New(fault.Refused, "PASSWORD_TOO_WEAK", "choose another", "请另选口令").With("rule", "length")
	}
	return &identityv1.SignInResponse{Account: r.GetUser(), Session: "secret"}, nil
}

// What is piped in is read once, line by line; a refusal says what is missing.
func TestPasswordsFromStandardInput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in     string
		flags  []string
		code   int
		reason string
		names  string
	}{
		"both":              {"initial\nnew\n", []string{"--password-stdin", "--new-password-stdin"}, output.Done, "", ""},
		"both, one flag":    {"initial\nnew\n", []string{"--new-password-stdin"}, output.Done, "", ""},
		"new one missing":   {"initial\n", []string{"--password-stdin"}, output.Refused, "PASSWORD_CHANGE_REQUIRED", "--new-password-stdin"},
		"new one not given": {"initial\n", []string{"--new-password-stdin"}, output.Usage, "USAGE", "New password"},
		"new one weak":      {"initial\nweak\nnew\n", []string{"--new-password-stdin"}, output.Refused, "PASSWORD_TOO_WEAK", "rule"},
		"nothing":           {"", []string{"--password-stdin"}, output.Usage, "USAGE", "Password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.initial, s.password = "initial", "new"
			folder := t.TempDir()
			env := func(name string) string {
				if name == "XDG_CONFIG_HOME" {
					return folder
				}
				return s.environment("en")(name)
			}
			var out, errs bytes.Buffer
			args := append([]string{"login", "--user", "admin", "--json"}, c.flags...)
			code := Run(t.Context(), args, IO{In: strings.NewReader(c.in), Out: &out, Err: &errs, Env: env})
			if code != c.code || !strings.Contains(errs.String(), c.reason) || !strings.Contains(errs.String(), c.names) {
				t.Errorf("exit %d\n%s%s", code, out.String(), errs.String())
			}
		})
	}
}

// A session is shown to nobody but the installation that it is of: whoever
// answers elsewhere could use it.
func TestASessionIsShownToItsOwnInstallationOnly(t *testing.T) {
	t.Parallel()
	here, elsewhere, dir := start(t), start(t), t.TempDir()
	at := func(address string) func(string) string {
		return func(name string) string {
			return map[string]string{"XDG_CONFIG_HOME": dir, "OSTIARY_ADDR": address, "OSTIARY_LANG": "en"}[name]
		}
	}
	if err := session.Save(at(""), session.File{Address: here.address, Account: "hr1", Session: "secret"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		env       func(string) string
		args      []string
		code      int
		refreshed *server
	}{
		{"another by setting", at(elsewhere.address), nil, output.NotSignedIn, nil},
		{"another by flag", at(""), []string{"--addr", elsewhere.address}, output.NotSignedIn, nil},
		{"its own by setting", at(here.address), nil, output.Done, here},
		{"its own without saying so", at(""), nil, output.Done, here},
	} {
		here.refreshes, elsewhere.refreshes = 0, 0
		code := Run(t.Context(), append([]string{"access", "list", "--person", "E1"}, c.args...), IO{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Env: c.env})
		if code != c.code || elsewhere.refreshes != 0 || (here.refreshes > 0) != (c.refreshed == here) {
			t.Errorf("%s: exit %d, want %d; asked here %d, elsewhere %d", c.name, code, c.code, here.refreshes, elsewhere.refreshes)
		}
	}
}
