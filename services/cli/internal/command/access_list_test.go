package command

import (
	"testing"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// Whoever does not say whom means themselves.
func TestAccessListIsOfOneself(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct {
		args []string
		own  bool
		of   string
	}{
		{[]string{"access", "list"}, true, ""},
		{[]string{"access", "list", "--person", "E2"}, false, "E2"},
		{[]string{"access", "list", "--role", "orders/reader"}, false, ""},
	} {
		if r := s.run(t, c.args...); r.code != output.Done || s.listed.GetOwn() != c.own || s.listed.GetEmployeeNumber() != c.of {
			t.Errorf("%v: exit %d, asked for %v\n%s%s", c.args, r.code, s.listed, r.out, r.err)
		}
	}
}
