package account_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
)

func opened() proto.Message {
	return &identityv1.AccountOpened{PersonId: "per_1", Account: "E1", Kind: account.Directory, Reason: "hired"}
}

func activated() proto.Message {
	return &identityv1.AccountActivated{PersonId: "per_1", Account: "E1"}
}

func suspended() proto.Message {
	return &identityv1.AccountSuspended{PersonId: "per_1", Account: "E1", Mode: account.ModeDeparture, Reason: "left"}
}

func closed() proto.Message {
	return &identityv1.AccountClosed{PersonId: "per_1", Account: "E1", Reason: "cleared"}
}

func roles(reason string, names ...string) proto.Message {
	return &identityv1.ProductRolesSet{PersonId: "per_1", Account: "E1", Roles: names, Reason: reason}
}

func issued(id string, mustChange bool) *identityv1.InitialCredentialIssued {
	return &identityv1.InitialCredentialIssued{PersonId: "per_1", Account: "E1", CredentialId: id, MustChange: mustChange}
}

// byHR is a password that HR handed out.
func byHR(id string, mustChange bool) proto.Message {
	e := issued(id, mustChange)
	e.ByHr = true
	return e
}

func open() account.Open {
	return account.Open{PersonID: "per_1", Account: "E1", Kind: account.Directory, Reason: "hired"}
}

func rule(t *testing.T, given ...proto.Message) *testkit.Scenario[account.State, account.Command] {
	t.Helper()
	return testkit.Rule(t, account.Decider).Given(given...)
}

// Covers: IDN-002, IDN-015
func TestAnAccountIsOpenedOnceForOnePerson(t *testing.T) {
	t.Parallel()
	rule(t).When(open()).Then(opened(), activated()).When(open()).ThenNothing()
	other := open()
	other.PersonID = "per_2"
	rule(t, opened(), activated()).When(other).ThenRefused(account.ErrTaken)
}

// Covers: IDN-014
func TestAnAccountNameFitsEveryTarget(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", ".a", "-a", "a b", `a"b`, "工号", "a/b", strings.Repeat("a", 49), "a\x00"} {
		c := open()
		c.Account = name
		rule(t).When(c).ThenRefused(account.ErrName)
	}
	for _, name := range []string{"E1042", "a", "MMK1532", "li.lei_2-x", strings.Repeat("a", 48)} {
		if !account.ValidName(name) {
			t.Errorf("%q is refused", name)
		}
	}
}

// Covers: IDN-021, IDN-027
func TestALeaversAccountIsSuspendedThenClosed(t *testing.T) {
	t.Parallel()
	rule(t, opened(), activated()).
		When(account.Suspend{Mode: account.ModeDeparture, Reason: "left"}).Then(suspended()).
		When(account.Suspend{Mode: account.ModeDeparture, Reason: "left"}).ThenNothing().
		When(account.Close{Reason: "cleared"}).Then(closed()).
		When(account.Close{Reason: "cleared"}).ThenNothing()
	rule(t).When(account.Suspend{Mode: account.ModeDeparture}).ThenNothing()
}

func TestAnAccountInUseIsNotClosed(t *testing.T) {
	t.Parallel()
	rule(t, opened(), activated()).When(account.Close{Reason: "cleared"}).ThenNothing()
}

// Covers: IDN-016
func TestWhoComesBackGetsTheAccountBack(t *testing.T) {
	t.Parallel()
	rule(t, opened(), activated(), suspended()).When(open()).
		Then(&identityv1.AccountReinstated{PersonId: "per_1", Account: "E1", Reason: "hired"})
	rule(t, opened(), activated(), issued("crd_1", false), roles("set", account.HR), suspended(), closed()).
		When(open()).Then(opened(), activated()).
		When(account.ChangePassword{Known: "crd_1", CredentialID: "crd_2"}).ThenRefused(account.ErrPasswordMoved).
		When(account.SetRoles{Roles: []string{account.HR}}).Then(roles("", account.HR)) // roles were lost
}

func TestRoles(t *testing.T) {
	t.Parallel()
	given := []proto.Message{opened(), activated(), roles("set", account.Admin)}
	rule(t, given...).When(account.SetRoles{Roles: []string{"hr", "admin", "hr"}, Reason: "why"}).Then(roles("why", "admin", "hr")).
		When(account.SetRoles{Roles: []string{"admin", "hr"}, Reason: "why"}).ThenNothing()
	rule(t, given...).When(account.SetRoles{Roles: []string{"god"}}).ThenRefused(account.ErrRoleUnknown)
	rule(t, given...).When(account.SetRoles{Roles: []string{"hr"}}).ThenRefused(account.ErrLastAdmin)
	rule(t, given...).When(account.SetRoles{Roles: []string{"hr"}, OtherAdmins: 1, Reason: "why"}).Then(roles("why", "hr"))
	rule(t).When(account.SetRoles{Roles: []string{"hr"}}).ThenRefused(account.ErrUnknown)
	rule(t, opened(), activated(), suspended()).When(account.SetRoles{Roles: []string{"hr"}}).ThenRefused(account.ErrUnknown)
}

func TestTheFirstAdminKeepsOtherRolesUntilSomebodyElseHasThem(t *testing.T) {
	t.Parallel()
	first := []proto.Message{opened(), activated(), roles(account.Bootstrap, "access-admin", "admin", "hr")}
	rule(t, first...).
		When(account.Relieve{Held: []string{"auditor"}}).ThenNothing().
		When(account.Relieve{Held: []string{"admin", "hr"}}).Then(roles("held_by_another", "access-admin", "admin")).
		When(account.Relieve{Held: []string{"hr"}}).ThenNothing().
		When(account.Relieve{Held: []string{"access-admin"}}).Then(roles("held_by_another", "admin"))
	// What was set by name is meant.
	rule(t, first...).When(account.SetRoles{Roles: []string{"admin", "hr", "access-admin"}, Reason: "why"}).Then(roles("why", "access-admin", "admin", "hr")).
		When(account.Relieve{Held: []string{"hr"}}).ThenNothing()
}

// Covers: IDN-051
func TestAnInitialPasswordIsIssuedForAnAccountInUse(t *testing.T) {
	t.Parallel()
	issue := account.IssueCredential{CredentialID: "crd_1", MustChange: true}
	rule(t, opened(), activated()).When(issue).Then(byHR("crd_1", true))
	rule(t).When(issue).ThenRefused(account.ErrUnknown)
	rule(t, opened(), activated(), suspended()).When(issue).ThenRefused(account.ErrUnknown)
}

func TestOnlyAnAdministratorIssuesThePasswordOfThePowerful(t *testing.T) {
	t.Parallel()
	issue := account.IssueCredential{CredentialID: "crd_1", MustChange: true}
	rule(t, opened(), activated(), roles("set", "employee")).When(issue).Then(byHR("crd_1", true))
	rule(t, opened(), activated(), roles("set", "admin")).When(issue).ThenRefused(account.ErrNeedsAdmin)
	issue.ByAdmin = true
	rule(t, opened(), activated(), roles("set", "admin")).When(issue).Then(issued("crd_1", true))
}

// Covers: IDN-057
func TestAPasswordIsChangedByWhoeverProvedTheOldOne(t *testing.T) {
	t.Parallel()
	given := []proto.Message{opened(), activated(), issued("crd_1", true)}
	rule(t, given...).When(account.ChangePassword{Known: "crd_1", CredentialID: "crd_2"}).
		Then(&identityv1.PasswordChanged{PersonId: "per_1", Account: "E1", CredentialId: "crd_2"}).
		When(account.ChangePassword{Known: "crd_1", CredentialID: "crd_3"}).ThenRefused(account.ErrPasswordMoved)
	rule(t, opened(), activated(), issued("crd_1", true), suspended()).
		When(account.ChangePassword{Known: "crd_1", CredentialID: "crd_2"}).ThenRefused(account.ErrUnknown)
}

func TestAnOperatorComesWithRolesAndPassword(t *testing.T) {
	t.Parallel()
	c := account.AddOperator{PersonID: "per_1", Account: "E1", Roles: []string{"hr", "auditor"}, CredentialID: "crd_1", MustChange: true, Reason: "why"}
	rule(t).When(c).Then(
		&identityv1.AccountOpened{PersonId: "per_1", Account: "E1", Kind: account.Operator, Reason: "why"},
		activated(), roles("why", "auditor", "hr"), issued("crd_1", true)).
		When(c).ThenRefused(account.ErrExists)
	c.Roles = nil
	rule(t).When(c).ThenRefused(account.ErrRoleMissing)
	c.Roles = []string{"root"}
	rule(t).When(c).ThenRefused(account.ErrRoleUnknown)
	c.Account = "two words"
	rule(t).When(c).ThenRefused(account.ErrName)
}

// Covers: IDN-053
func TestPasswordsThatAreTaken(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		profile, password string
		ok                bool
	}{
		{account.CNClassic, "Correct-Horse-7", true},
		{account.CNClassic, "short1", false},
		{account.CNClassic, "onlyletters", false},
		{account.CNClassic, "1234567890", false},
		{account.CNClassic, "password2026", false},
		{account.CNClassic, "abc1abc1abc1", true},
		{account.CNClassic, "a1a1a1a1a1a1", false},
		{account.CNClassic, "zhang-E1042-x9", false},
		{account.CNClassic, "密码长度足够了吗2026", true},
		{account.CNClassic, strings.Repeat("aB3", 100), false},
		{"unheard-of", "short1", false},
		{account.MLPS3, "correcthorse7", false},
		{account.MLPS3, "Correct-horse7", true},
		{account.NIST80063, "correct horse battery", true},
		{account.NIST80063, "Correct-Horse7", false},
	} {
		err := account.Acceptable(tc.profile, "E1042", tc.password)
		if (err == nil) != tc.ok {
			t.Errorf("%s %q: %v", tc.profile, tc.password, err)
		}
		f, refused := fault.Of(err)
		if refused && (f.Details["rule"] == "" || f.Details["rule_zh"] == "" || f.Details["rule"] == f.Details["rule_zh"]) {
			t.Errorf("%s %q does not say what is missing: %v", tc.profile, tc.password, f.Details)
		}
	}
}

// An account belongs to one person for ever, and an account that is not in use
// neither gains roles nor a password.
func TestRandomHistoriesKeepTheInvariants(t *testing.T) {
	t.Parallel()
	for seed := range uint64(testkit.Count(4000)) {
		r := rand.New(rand.NewPCG(seed, 2))
		var s account.State
		for range 40 {
			c := random(r)
			events, err := account.Decide(s, c)
			if err != nil && len(events) > 0 {
				t.Fatalf("seed %d: a refusal with events", seed)
			}
			for _, e := range events {
				if id := e.(interface{ GetPersonId() string }).GetPersonId(); s.PersonID != "" && id != s.PersonID {
					t.Fatalf("seed %d: %T for %s on the account of %s", seed, e, id, s.PersonID)
				}
				before := s
				s = account.Evolve(s, e)
				gained := !slices.Equal(before.Roles, s.Roles) && len(s.Roles) > 0 || before.CredentialID != s.CredentialID && s.CredentialID != ""
				if _, relief := c.(account.Relieve); gained && !relief && s.Status != account.Active {
					t.Fatalf("seed %d: %T in status %d", seed, e, s.Status)
				}
			}
			if s.Status == account.Closed && (len(s.Roles) > 0 || s.CredentialID != "") {
				t.Fatalf("seed %d: a closed account keeps power", seed)
			}
		}
	}
}

func random(r *rand.Rand) account.Command {
	who := []string{"per_1", "per_2"}[r.IntN(2)]
	some := []string{"admin", "hr", "auditor"}[:r.IntN(4)]
	switch r.IntN(8) {
	case 0, 1:
		return account.Open{PersonID: who, Account: "E1", Kind: account.Directory}
	case 2:
		return account.Suspend{Mode: account.ModeDeparture}
	case 3:
		return account.Close{}
	case 4:
		return account.SetRoles{Roles: some, OtherAdmins: r.IntN(2)}
	case 5:
		return account.Relieve{Held: some}
	case 6:
		return account.AddOperator{PersonID: who, Account: "E1", Roles: some, CredentialID: "crd_0", Reason: account.Bootstrap}
	default:
		return account.IssueCredential{CredentialID: "crd_1", ByAdmin: r.IntN(2) == 0}
	}
}

// Who leaves and comes back before the case is closed has the account again,
// but neither the power over Ostiary nor the password of before.
func TestADepartureTakesProductRolesAndPassword(t *testing.T) {
	t.Parallel()
	given := []proto.Message{opened(), activated(), roles("asked", account.Admin), issued("crd_1", false), suspended()}
	rule(t, given...).When(open()).Then(&identityv1.AccountReinstated{PersonId: "per_1", Account: "E1", Reason: "hired"})
	s := account.State{}
	for _, e := range append(given, &identityv1.AccountReinstated{PersonId: "per_1", Account: "E1"}) {
		s = account.Evolve(s, e)
	}
	if s.Status != account.Active || len(s.Roles) != 0 || s.CredentialID != "" {
		t.Errorf("who came back has %+v", s)
	}
	s = account.State{}
	for _, e := range append(given[:4:4], &identityv1.AccountSuspended{Mode: "compromise"}, &identityv1.AccountReinstated{}) {
		s = account.Evolve(s, e)
	}
	if len(s.Roles) != 1 || s.CredentialID != "crd_1" {
		t.Errorf("after a suspension of another kind the account has %+v", s)
	}
}

// Whoever handed out a password could sign in with what the account is given
// later.
func TestNobodyGetsPowerUnderAPasswordOfHR(t *testing.T) {
	t.Parallel()
	given := []proto.Message{opened(), activated(), byHR("crd_1", true)}
	give := account.SetRoles{Roles: []string{account.Admin}, Reason: "asked", OtherAdmins: 1}
	rule(t, given...).When(give).ThenRefused(account.ErrPasswordFromHR)
	rule(t, append(given, &identityv1.PasswordChanged{PersonId: "per_1", Account: "E1", CredentialId: "crd_2"})...).
		When(give).ThenRefused(account.ErrPasswordFromHR)
	rule(t, append(given, issued("crd_2", true))...).When(give).Then(roles("asked", account.Admin))
	rule(t, opened(), activated()).When(give).Then(roles("asked", account.Admin))
	rule(t, append(given, roles("asked", account.HR, account.Admin))...).
		When(account.SetRoles{Roles: []string{account.HR}, Reason: "less", OtherAdmins: 1}).Then(roles("less", account.HR))
}

func TestTheFirstAdministratorComesBackWhenNobodyIsLeft(t *testing.T) {
	t.Parallel()
	keep := account.KeepAdmin{CredentialID: "crd_9"}
	given := []proto.Message{opened(), activated(), issued("crd_1", false), roles("less", account.HR)}
	rule(t, given...).When(keep).Then(roles("nobody_left", account.Admin, account.HR), issued("crd_9", true)).When(keep).ThenNothing()
	rule(t, given...).When(account.KeepAdmin{CredentialID: "crd_9", OtherAdmins: 1}).ThenNothing()
	rule(t, append(given, suspended())...).When(keep).ThenNothing()
	rule(t).When(keep).ThenNothing()
}

func TestGuessingIsWrittenOfAccountsOnly(t *testing.T) {
	t.Parallel()
	rule(t, opened()).
		When(account.NoticeGuessing{}).Then(&identityv1.GuessingNoticed{PersonId: "per_1", Account: "E1"}).
		When(account.NoticeGuessing{KnownDevice: true}).Then(&identityv1.GuessingNoticed{PersonId: "per_1", Account: "E1", KnownDevice: true})
	rule(t).When(account.NoticeGuessing{}).ThenNothing()
}
