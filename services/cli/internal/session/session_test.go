package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

func home(dir string) func(string) string {
	return func(name string) string { return map[string]string{"XDG_CONFIG_HOME": dir}[name] }
}

// The secret is for its owner alone, also where somebody left the file open
// before.
func TestSessionIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	env := home(filepath.Join(t.TempDir(), "config"))
	if _, err := Load(env); !errors.Is(err, ErrNone) {
		t.Fatalf("before any sign-in: %v", err)
	}
	path, err := Path(env)
	if err != nil {
		t.Fatal(err)
	}
	kept := File{Address: "127.0.0.1:9090", Account: "admin", Session: "secret"}
	for _, before := range []func(){func() {}, func() {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}} {
		before()
		if err := Save(env, kept); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s has mode %o, want %o", filepath.Base(name), got, want)
			}
		}
	}
	if got, err := Load(env); err != nil || got != kept {
		t.Errorf("%+v, %v", got, err)
	}
	if err := Forget(env); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(env); !errors.Is(err, ErrNone) {
		t.Errorf("after signing out: %v", err)
	}
	if err := Forget(env); err != nil {
		t.Errorf("signing out twice: %v", err)
	}
}

func TestBrokenSessionFileIsNoSession(t *testing.T) {
	t.Parallel()
	env := home(t.TempDir())
	path, err := Path(env)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "{", `{"account":"admin"}`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(env); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestTokenFromTheEnvironmentComesFirst(t *testing.T) {
	t.Parallel()
	got, err := Load(func(name string) string { return map[string]string{"OSTIARY_TOKEN": "from outside"}[name] })
	if err != nil || got.Session != "from outside" {
		t.Errorf("%+v, %v", got, err)
	}
}

// refresher answers RefreshSession and counts.
type refresher struct {
	grpc.ClientConnInterface
	calls int
	err   error
}

func (r *refresher) Invoke(_ context.Context, _ string, _, reply any, _ ...grpc.CallOption) error {
	r.calls++
	answer, _ := reply.(*identityv1.RefreshSessionResponse)
	answer.AccessToken, answer.ExpiresIn, answer.Zone = "token "+string(rune('0'+r.calls)), 300, "Asia/Shanghai"
	return r.err
}

// A token serves until half of its life is over; then the next call gets a new
// one, so none expires on its way.
func TestTokensAreRenewedBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	server, tokens := &refresher{}, &Tokens{Secret: "secret"}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, "token 1"}, {149 * time.Second, "token 1"}, {151 * time.Second, "token 2"}, {300 * time.Second, "token 2"}, {302 * time.Second, "token 3"}} {
		ctx, err := tokens.Attach(t.Context(), server, start.Add(step.after))
		if err != nil {
			t.Fatal(err)
		}
		md, _ := metadata.FromOutgoingContext(ctx)
		if got := md.Get("authorization"); len(got) != 1 || got[0] != "Bearer "+step.want {
			t.Errorf("after %v: %v, want %s", step.after, got, step.want)
		}
	}
	if zone, err := tokens.Zone(); err != nil || zone.String() != "Asia/Shanghai" {
		t.Errorf("zone %v, %v", zone, err)
	}
}

func TestRefusedRefreshIsNotHidden(t *testing.T) {
	t.Parallel()
	if _, err := (&Tokens{Secret: "s"}).Attach(t.Context(), &refresher{err: ErrNone}, time.Time{}); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

func TestDeviceMarksAreKeptByAddressAndAccount(t *testing.T) {
	t.Parallel()
	env := home(filepath.Join(t.TempDir(), "config"))
	for _, m := range [][3]string{{"here:1", "li", "m1"}, {"here:1", "wang", "m2"}, {"there:1", "li", "m3"}, {"here:1", "li", "m4"}} {
		d, err := LoadDevices(env)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Keep(env, m[0], m[1], m[2]); err != nil {
			t.Fatal(err)
		}
	}
	d, err := LoadDevices(env)
	if err != nil || d["here:1"]["li"] != "m4" || d["here:1"]["wang"] != "m2" || d["there:1"]["li"] != "m3" {
		t.Errorf("%v, %v", d, err)
	}
	path, err := devicesPath(env)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := LoadDevices(env); err != nil || len(d) != 0 {
		t.Errorf("of a broken file: %v, %v", d, err)
	}
}
