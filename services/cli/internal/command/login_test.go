package command

import (
	"bytes"
	"context"
	"strings"
	"testing"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/cli/internal/output"
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
