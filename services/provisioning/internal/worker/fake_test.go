package worker_test

import (
	"context"
	"slices"
	"sync"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// mood is how a simulated system behaves.
type mood struct {
	down  bool            // no connection
	hangs bool            // no answer until the caller gives up
	lies  bool            // says OK and changes nothing
	loses bool            // does it and loses the answer
	bars  map[string]bool // accounts that it refuses, or account/role
}

// system is a simulated target. It notes each change that it was told.
type system struct {
	mu       sync.Mutex
	mood     func(attempt int) mood
	attempts int
	taken    bool
	overlap  bool
	login    map[string]bool
	member   map[string][]string // account → rights
}

func newSystem() *system {
	return &system{login: map[string]bool{}, member: map[string][]string{}, mood: func(int) mood { return mood{} }}
}

func (s *system) feel(m mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mood = func(int) mood { return m }
}

func (s *system) now() mood {
	s.attempts++
	return s.mood(s.attempts)
}

func (s *system) Open(context.Context) (target.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken {
		return nil, target.ErrBusy
	}
	if s.now().down {
		return nil, target.ErrUnreachable
	}
	s.taken = true
	return &talk{system: s}, nil
}

// talk is a session.
type talk struct {
	*system
	once sync.Once
}

func (t *talk) System() string { return "simulated" }

func (t *talk) Close() {
	t.once.Do(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.taken = false
	})
}

func (t *talk) Apply(ctx context.Context, changes []target.Change) ([]error, error) {
	t.mu.Lock()
	m := t.now()
	t.mu.Unlock()
	switch {
	case m.down:
		return nil, target.ErrUnreachable
	case m.hangs:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	results := make([]error, len(changes))
	seen := map[string]bool{}
	for i, c := range changes {
		t.overlap = t.overlap || seen[c.Account]
		seen[c.Account] = true
		switch {
		case m.bars[c.Account], m.bars[c.Account+"/"+c.Role]:
			results[i] = target.ErrRefused.With("detail", "barred")
		case !m.lies:
			t.change(c)
		}
	}
	if m.loses {
		return nil, target.ErrUnreachable
	}
	return results, nil
}

func (s *system) change(c target.Change) {
	right := c.Application + "/" + c.Role
	held := slices.DeleteFunc(slices.Clone(s.member[c.Account]), func(r string) bool { return r == right })
	switch {
	case c.Give:
		s.login[c.Account] = true
		held = append(held, right)
	default:
		s.login[c.Account] = s.login[c.Account] && c.KeepLogin
		if c.KeepMember {
			held = s.member[c.Account]
		}
	}
	s.member[c.Account] = held
}

func (t *talk) ReadBack(_ context.Context, changes []target.Change) ([]*provisioningv1.ReadBack, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now().down {
		return nil, target.ErrUnreachable
	}
	var seen []*provisioningv1.ReadBack
	for _, c := range changes {
		_, exists := t.login[c.Account]
		seen = append(seen, &provisioningv1.ReadBack{Account: c.Account, Right: c.Application + "/" + c.Role, Exists: exists,
			Login: t.login[c.Account], Member: slices.Contains(t.member[c.Account], c.Application+"/"+c.Role)})
	}
	return seen, nil
}

// holds returns the rights of an account in order, and whether it may sign in.
func (s *system) holds(account string) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rights := slices.Clone(s.member[account])
	slices.Sort(rights)
	return rights, s.login[account]
}
