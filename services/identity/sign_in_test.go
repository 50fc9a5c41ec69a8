package identity_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/identity"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/session"
)

func (i *installation) enter(user, password, next string) (*identityv1.SignInResponse, error) {
	return i.door().SignIn(i.t.Context(), &identityv1.SignInRequest{User: user, Password: password, NewPassword: next})
}

// admitted tells whether a token still opens the door.
func (i *installation) admitted(ctx context.Context) bool {
	_, err := i.people().GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: "nobody"})
	return reason(err) == "PERSON_NOT_FOUND"
}

func (i *installation) operator(user string, roles ...string) (password string) {
	i.t.Helper()
	r, err := i.people().AddOperator(i.admin, &identityv1.AddOperatorRequest{User: user, Roles: roles})
	if err != nil {
		i.t.Fatalf("add operator %s: %v", user, err)
	}
	return r.GetPassword()
}

// Covers: IDN-037, IDN-067
func TestSignInOpensASessionThatCanBeRefreshedAndEnded(t *testing.T) {
	i := install(t)
	r, err := i.enter("admin", bootstrapPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	if r.GetAccount() != "admin" || !slices.Equal(r.GetRoles(), []string{"access-admin", "admin", "hr"}) || r.GetExpiresIn() != 300 || r.GetPosition() == 0 {
		t.Errorf("answer is %v", r)
	}
	ctx := bearer(t.Context(), r.GetAccessToken())
	refreshed, err := i.door().RefreshSession(t.Context(), &identityv1.RefreshSessionRequest{Session: r.GetSession()})
	if err != nil || !i.admitted(bearer(t.Context(), refreshed.GetAccessToken())) {
		t.Fatalf("refresh: %v", err)
	}
	if _, err := i.door().EndSession(ctx, &identityv1.EndSessionRequest{}); err != nil {
		t.Fatal(err)
	}
	i.eventually("the token of an ended session is refused", func() bool { return !i.admitted(ctx) })
	if _, err := i.door().RefreshSession(t.Context(), &identityv1.RefreshSessionRequest{Session: r.GetSession()}); reason(err) != "SESSION_ENDED" {
		t.Errorf("refresh after the end: %v", err)
	}
	if !i.admitted(i.admin) {
		t.Error("another session of the same account ended, too")
	}
}

func TestAWrongUserAndAWrongPasswordGetTheSameAnswer(t *testing.T) {
	i := install(t)
	for _, tc := range [][2]string{{"admin", "wrong"}, {"nobody", "wrong"}, {"", ""}, {"no body", "x"}, {"admin", strings.Repeat("x", 5000)}} {
		if _, err := i.enter(tc[0], tc[1], ""); reason(err) != "SIGN_IN_FAILED" {
			t.Errorf("%q: %v", tc[0], err)
		}
	}
	if _, err := i.door().RefreshSession(t.Context(), &identityv1.RefreshSessionRequest{Session: "guess"}); reason(err) != "SESSION_ENDED" {
		t.Errorf("a guessed session: %v", err)
	}
}

// Covers: IDN-051, IDN-052, IDN-053
func TestAnInitialPasswordOnlyServesToSetAnother(t *testing.T) {
	i := install(t)
	initial := i.operator("auditor1", "auditor")
	if _, err := i.enter("auditor1", initial, ""); reason(err) != "PASSWORD_CHANGE_REQUIRED" {
		t.Fatalf("with the initial password: %v", err)
	}
	if _, err := i.enter("auditor1", initial, "short"); reason(err) != "PASSWORD_TOO_WEAK" {
		t.Errorf("with a weak new one: %v", err)
	}
	if _, err := i.enter("auditor1", initial, initial); reason(err) != "PASSWORD_UNCHANGED" {
		t.Errorf("with the same one: %v", err)
	}
	r, err := i.enter("auditor1", initial, "Battery-Staple-9")
	if err != nil || !slices.Equal(r.GetRoles(), []string{"auditor"}) {
		t.Fatalf("with a new one: %v, %v", r, err)
	}
	if _, err := i.enter("auditor1", initial, "Another-Staple-9"); reason(err) != "SIGN_IN_FAILED" {
		t.Errorf("with the initial password again: %v", err)
	}
	i.settle()
	if !i.admitted(bearer(t.Context(), r.GetAccessToken())) {
		t.Error("the session that changed the password ended with it")
	}
}

// Covers: IDN-054
func TestAPasswordIsReplacedAfterThirtyDays(t *testing.T) {
	i := install(t)
	i.clock.Set(noon.Add(30*24*time.Hour - time.Second))
	if _, err := i.enter("admin", bootstrapPassword, ""); err != nil {
		t.Fatalf("on the last day: %v", err)
	}
	i.clock.Set(noon.Add(31 * 24 * time.Hour))
	if _, err := i.enter("admin", bootstrapPassword, ""); reason(err) != "PASSWORD_EXPIRED" {
		t.Fatalf("after thirty days: %v", err)
	}
	if _, err := i.enter("admin", "wrong", ""); reason(err) != "SIGN_IN_FAILED" {
		t.Errorf("whoever does not know it learns of its age: %v", err)
	}
	if _, err := i.enter("admin", bootstrapPassword, "Battery-Staple-9"); err != nil {
		t.Fatalf("with a new one: %v", err)
	}
	i.settle()
	i.admin = i.signIn("admin", "Battery-Staple-9")
	i.pack(1, "password_profile: nist-800-63b\n")
	i.clock.Set(noon.Add(2 * 365 * 24 * time.Hour))
	if _, err := i.enter("admin", "Battery-Staple-9", ""); err != nil {
		t.Errorf("a profile without renewal: %v", err)
	}
}

func TestANewPasswordEndsTheOldSessions(t *testing.T) {
	i := install(t)
	told := i.options.KeyFile(identity.InitialPasswordFile)
	if err := os.WriteFile(told, []byte("as if it had been generated\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := i.signIn("admin", bootstrapPassword)
	r, err := i.enter("admin", bootstrapPassword, "Battery-Staple-9")
	if err != nil {
		t.Fatal(err)
	}
	i.eventually("old sessions are refused", func() bool { return !i.admitted(old) })
	if !i.admitted(bearer(t.Context(), r.GetAccessToken())) {
		t.Error("the new session is refused")
	}
	i.settle()
	if _, err := os.Stat(told); !os.IsNotExist(err) {
		t.Errorf("the file with the first password is still there: %v", err)
	}
}

// A sign-in that proved the old password and opens its session after the change
// is as late as a session that was open.
func TestASessionByAnOldPasswordEndsHoweverLateItOpens(t *testing.T) {
	i := install(t)
	before, _, err := eventstore.Load(t.Context(), i.identity.Journal, account.Decider, account.Stream("admin"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.enter("admin", bootstrapPassword, "Battery-Staple-9"); err != nil {
		t.Fatal(err)
	}
	i.settle()
	late := session.OpenSession{ID: "ses_late", PersonID: before.PersonID, Account: "admin", ExpiresAt: time.Now().Add(time.Hour), CredentialID: before.CredentialID}
	_, err = eventstore.Execute(t.Context(), i.identity.Journal, session.Decider, session.Stream(late.ID),
		eventstore.Command{ID: uuid.NewString()}, eventstore.Metadata{Actor: "admin"}, session.Command(late))
	if err != nil {
		t.Fatal(err)
	}
	i.settle()
	if got := i.events(session.Stream(late.ID)); !slices.Equal(got, []string{"SessionOpened", "SessionEnded"}) {
		t.Errorf("the late session has %v", got)
	}
}

// Covers: IDN-021, IDN-027
func TestALeaverIsLockedOutAtOnce(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	issued, err := i.people().IssueCredential(i.admin, &identityv1.IssueCredentialRequest{Account: "E1042"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.people().SetOperatorRoles(i.admin, &identityv1.SetOperatorRolesRequest{Account: "E1042", Roles: []string{"auditor"}}); err != nil {
		t.Fatal(err)
	}
	r, err := i.enter("E1042", issued.GetPassword(), "Battery-Staple-9")
	if err != nil {
		t.Fatal(err)
	}
	ctx := bearer(t.Context(), r.GetAccessToken())
	if !i.admitted(ctx) {
		t.Fatal("the employee is not admitted")
	}
	if _, err := i.imports(plain(), header+wang); err != nil {
		t.Fatal(err)
	}
	i.eventually("the leaver is refused", func() bool { return !i.admitted(ctx) })
	if _, err := i.door().RefreshSession(t.Context(), &identityv1.RefreshSessionRequest{Session: r.GetSession()}); reason(err) != "SESSION_ENDED" {
		t.Errorf("refresh of a leaver: %v", err)
	}
	if _, err := i.enter("E1042", "Battery-Staple-9", ""); reason(err) != "ACCOUNT_SUSPENDED" {
		t.Errorf("sign-in of a leaver who knows the password: %v", err)
	}
	if _, err := i.enter("E1042", "wrong", ""); reason(err) != "SIGN_IN_FAILED" {
		t.Errorf("sign-in of a leaver with a wrong password: %v", err)
	}
}

func TestTheFirstAdminGivesAwayWhatOthersHold(t *testing.T) {
	i := install(t)
	i.operator("access1", "access-admin")
	r, err := i.enter("admin", bootstrapPassword, "")
	if err != nil || !slices.Equal(r.GetRoles(), []string{"admin", "hr"}) {
		t.Errorf("after somebody holds access-admin: %v, %v", r.GetRoles(), err)
	}
	i.operator("hr1", "hr")
	r, err = i.enter("admin", bootstrapPassword, "")
	if err != nil || !slices.Equal(r.GetRoles(), []string{"admin"}) {
		t.Errorf("after somebody holds hr: %v, %v", r.GetRoles(), err)
	}
}

// Each decision looks at all administrators, so they queue up; the queue must
// leave connections for the one whose turn it is and for the session gate.
// A token tells of a role for some minutes after it was taken away; that is not
// enough to take it back.
func TestWhoWasRelievedCannotTakeTheRoleBack(t *testing.T) {
	i := install(t)
	password := i.operator("second", "admin")
	r, err := i.enter("second", password, "Gate-Keeper-2026")
	if err != nil {
		t.Fatal(err)
	}
	old := bearer(t.Context(), r.GetAccessToken())
	if _, err := i.people().SetOperatorRoles(i.admin, &identityv1.SetOperatorRolesRequest{Account: "second", Roles: []string{"auditor"}}); err != nil {
		t.Fatal(err)
	}
	_, add := i.people().AddOperator(old, &identityv1.AddOperatorRequest{User: "evil", Roles: []string{"admin"}})
	_, set := i.people().SetOperatorRoles(old, &identityv1.SetOperatorRolesRequest{Account: "second", Roles: []string{"admin"}})
	_, issue := i.people().IssueCredential(old, &identityv1.IssueCredentialRequest{Account: "admin"})
	_, client := i.people().AddClient(old, &identityv1.AddClientRequest{Name: "evil", Feed: "lifecycle"})
	for what, err := range map[string]error{"add": add, "set": set, "issue": issue, "client": client} {
		if reason(err) != "NOT_ADMITTED" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestManyRoleChangesAtOnceAllSucceed(t *testing.T) {
	i := install(t)
	i.operator("helper", "operator")
	ctx, cancel := context.WithTimeout(i.admin, 20*time.Second)
	defer cancel()
	var g errgroup.Group
	for n := range 32 {
		g.Go(func() error {
			_, err := i.people().SetOperatorRoles(ctx, &identityv1.SetOperatorRolesRequest{Account: "helper", Roles: []string{[]string{"operator", "auditor"}[n%2]}})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if !i.admitted(i.admin) {
		t.Error("the session gate is deaf")
	}
}

func TestTheLastAdminStays(t *testing.T) {
	i := install(t)
	set := func(by context.Context, account string, roles ...string) error {
		_, err := i.people().SetOperatorRoles(by, &identityv1.SetOperatorRolesRequest{Account: account, Roles: roles})
		return err
	}
	if err := set(i.admin, "admin", "hr"); reason(err) != "LAST_ADMIN" {
		t.Errorf("the only admin steps down: %v", err)
	}
	r, err := i.enter("second", i.operator("second", "admin"), "Gate-Keeper-2026")
	if err != nil {
		t.Fatal(err)
	}
	second := bearer(t.Context(), r.GetAccessToken())
	// Both step down at the same moment: one of them must stay.
	first, other := make(chan error, 1), make(chan error, 1)
	go func() { first <- set(i.admin, "admin", "hr") }()
	go func() { other <- set(second, "second", "hr") }()
	a, b := <-first, <-other
	if (a == nil) == (b == nil) || reason(a) != "LAST_ADMIN" && reason(b) != "LAST_ADMIN" {
		t.Fatalf("two step down at once: %v, %v", a, b)
	}
	left := i.admin
	if a == nil {
		left = second
	}
	if f, ok := fault.Of(set(left, "nobody", "hr")); !ok || f.Reason != "ACCOUNT_NOT_FOUND" || f.Details["account"] != "nobody" {
		t.Errorf("roles for nobody: %v", f)
	}
	_, err = i.people().IssueCredential(left, &identityv1.IssueCredentialRequest{Account: "nobody"})
	if f, ok := fault.Of(err); !ok || f.Reason != "ACCOUNT_NOT_FOUND" || f.Details["account"] != "nobody" {
		t.Errorf("a password for nobody: %v", err)
	}
}

func TestASecretIsToldOnce(t *testing.T) {
	i := install(t)
	ctx := withCommand(i.admin, uuid.NewString())
	request := &identityv1.AddOperatorRequest{User: "auditor1", Roles: []string{"auditor"}}
	if _, err := i.people().AddOperator(ctx, request); err != nil {
		t.Fatal(err)
	}
	if r, err := i.people().AddOperator(ctx, request); reason(err) != "SECRET_TOLD_ONCE" {
		t.Errorf("repeated: %v, %v", r, err)
	}
	if _, err := i.people().AddOperator(i.admin, request); reason(err) != "ACCOUNT_EXISTS" {
		t.Errorf("the same name again: %v", err)
	}
	i.must(plain(), header+wang)
	if _, err := i.people().AddOperator(i.admin, &identityv1.AddOperatorRequest{User: "E1", Roles: []string{"auditor"}}); reason(err) != "ACCOUNT_EXISTS" {
		t.Errorf("an operator with an employee number: %v", err)
	}
	r := i.must(plain(), header+wang+"auditor1,x,,,,,,\n")
	if len(r.GetQuarantined()) != 1 || r.GetQuarantined()[0].GetReason() != "HR_EMPLOYEE_NUMBER_TAKEN" {
		t.Errorf("an employee with an operator's name: %v", r.GetQuarantined())
	}
}

func TestHRDoesNotIssueThePasswordOfAnAdministrator(t *testing.T) {
	i := install(t)
	initial := i.operator("hr1", "hr")
	r, err := i.enter("hr1", initial, "Battery-Staple-9")
	if err != nil {
		t.Fatal(err)
	}
	hr := bearer(t.Context(), r.GetAccessToken())
	if _, err := i.people().IssueCredential(hr, &identityv1.IssueCredentialRequest{Account: "admin"}); reason(err) != "CREDENTIAL_NEEDS_ADMIN" {
		t.Errorf("for admin: %v", err)
	}
	if _, err := i.importsAs(hr, plain(), header+wang); err != nil {
		t.Fatal(err)
	}
	i.settle()
	if _, err := i.people().IssueCredential(hr, &identityv1.IssueCredentialRequest{Account: "E1"}); err != nil {
		t.Errorf("for an employee: %v", err)
	}
	if _, err := i.people().AddOperator(hr, &identityv1.AddOperatorRequest{User: "x", Roles: []string{"admin"}}); reason(err) != "NOT_ADMITTED" {
		t.Errorf("hr adds an operator: %v", err)
	}
}

func TestNoPasswordOrSecretIsInHistory(t *testing.T) {
	i := install(t)
	secrets := []string{bootstrapPassword, i.operator("auditor1", "auditor"), "Battery-Staple-9"}
	r, err := i.enter("auditor1", secrets[1], secrets[2])
	if err != nil {
		t.Fatal(err)
	}
	client, err := i.people().AddClient(i.admin, &identityv1.AddClientRequest{Name: "erp", Feed: "hr", Source: "peoplesoft"})
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, r.GetSession(), r.GetAccessToken(), client.GetPassword())
	events, err := i.identity.Journal.Store.ReadAll(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		for _, s := range secrets {
			if strings.Contains(string(e.Data), s) {
				t.Errorf("%s at %d holds a secret", e.Type, e.Position)
			}
		}
		if strings.Contains(string(e.Data), "argon2") {
			t.Errorf("%s at %d holds a hash", e.Type, e.Position)
		}
	}
}

func TestPersonalDataIsSealedInEventsAndRows(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	events, err := i.identity.Journal.Store.ReadAll(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.Contains(string(e.Data), "李雷") || strings.Contains(string(e.Data), "li@example.com") {
			t.Errorf("%s at %d holds personal data in clear", e.Type, e.Position)
		}
	}
	var clear int
	err = i.identity.Pool.QueryRow(t.Context(), `SELECT count(*) FROM rm_people.people WHERE people::text LIKE '%' || encode('李雷'::bytea, 'hex') || '%' OR people::text LIKE '%李雷%'`).Scan(&clear)
	if err != nil || clear != 0 {
		t.Errorf("%d rows hold a name in clear, %v", clear, err)
	}
	if err := i.identity.Keyring.Erase(t.Context(), i.person("E1042").GetPersonId()); err != nil {
		t.Fatal(err)
	}
	if p := i.person("E1042"); p.GetName() != "" || p.GetPosition() != "backend-engineer" {
		t.Errorf("after erasure the person is %v", p)
	}
}

func TestAClientIsCheckedByItsSecret(t *testing.T) {
	i := install(t)
	c, err := i.people().AddClient(i.admin, &identityv1.AddClientRequest{Name: "erp", Feed: "hr", Source: "peoplesoft"})
	if err != nil {
		t.Fatal(err)
	}
	if c.GetStream() != "HRREPLY" || !slices.Equal(c.GetDurables(), []string{"hrreply-erp"}) || strings.Contains(c.GetUrl(), "@") || c.GetUrl() == "" {
		t.Errorf("client is %v", c)
	}
	got, ok := i.host.Client("erp", c.GetPassword())
	if !ok || got.Feed != "hr" || got.Source != "peoplesoft" {
		t.Errorf("check says %v, %v", got, ok)
	}
	for _, tc := range [][2]string{{"erp", "wrong"}, {"erp", ""}, {"nobody", c.GetPassword()}, {"", ""}} {
		if _, ok := i.host.Client(tc[0], tc[1]); ok {
			t.Errorf("%q is admitted", tc)
		}
	}
	l, err := i.people().AddClient(i.admin, &identityv1.AddClientRequest{Name: "siem", Feed: "lifecycle"})
	if err != nil || l.GetStream() != "LIFECYCLE" || len(l.GetDurables()) != 3 {
		t.Errorf("lifecycle client is %v, %v", l, err)
	}
}

func TestGuessingIsSlowedDownAndTheHolderGetsIn(t *testing.T) {
	i := install(t)
	first, err := i.enter("admin", bootstrapPassword, "")
	if err != nil || first.GetDevice() == "" {
		t.Fatalf("the device is not marked: %v, %v", first, err)
	}
	refused := 0
	for range 12 {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err := i.door().SignIn(ctx, &identityv1.SignInRequest{User: "admin", Password: "guess"})
		cancel()
		if err != nil && reason(err) != "SIGN_IN_FAILED" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("twelve guesses were all answered at once")
	}
	if !i.admitted(i.admin) {
		t.Error("guessing ended an open session")
	}
	noticed := func() int {
		return len(slices.DeleteFunc(i.events("account-admin"), func(e string) bool { return e != "GuessingNoticed" }))
	}
	i.eventually("history tells of the guessing", func() bool { return noticed() == 1 })
	known := &identityv1.SignInRequest{User: "admin", Password: bootstrapPassword, Device: first.GetDevice()}
	began := time.Now()
	if _, err := i.door().SignIn(t.Context(), known); err != nil {
		t.Errorf("on a known device the holder is refused: %v", err)
	}
	t.Logf("the holder waited %s on a known device", time.Since(began))
	if _, err := i.enter("admin", bootstrapPassword, ""); err != nil {
		t.Errorf("the holder is locked out: %v", err)
	}
}

// When whoever administers leaves and nobody else does, the first administrator
// does again, with a new password that stands in a file.
func TestSomebodyIsAlwaysLeftWhoAdministers(t *testing.T) {
	i := install(t)
	i.must(plain(), header+wang+lilei)
	issued, err := i.people().IssueCredential(i.admin, &identityv1.IssueCredentialRequest{Account: "E1042"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.people().SetOperatorRoles(i.admin, &identityv1.SetOperatorRolesRequest{Account: "E1042", Roles: []string{"admin"}}); err != nil {
		t.Fatal(err)
	}
	r, err := i.enter("E1042", issued.GetPassword(), "Battery-Staple-9")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.people().SetOperatorRoles(bearer(t.Context(), r.GetAccessToken()), &identityv1.SetOperatorRolesRequest{Account: "admin", Roles: []string{"hr"}}); err != nil {
		t.Fatal(err)
	}
	i.must(plain(), header+wang)
	var password []byte
	i.eventually("the password of the first administrator is told", func() bool {
		password, err = os.ReadFile(i.identity.KeyFile(identity.InitialPasswordFile))
		return err == nil
	})
	i.settle()
	r, err = i.enter("admin", strings.TrimSpace(string(password)), "Correct-Horse-8")
	if err != nil || !slices.Equal(r.GetRoles(), []string{"admin", "hr"}) {
		t.Fatalf("the first administrator: %v, %v", r.GetRoles(), err)
	}
	if got := i.events("account-admin"); !slices.Equal(got[len(got)-3:], []string{"ProductRolesSet", "InitialCredentialIssued", "PasswordChanged"}) {
		t.Errorf("events are %v", got)
	}
}
