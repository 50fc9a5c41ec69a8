package testkit_test

import (
	"testing"

	"github.com/ostiary/ostiary/libs/testkit"
)

func TestACopyHoldsWhatItsModelHolds(t *testing.T) {
	t.Parallel()
	model := testkit.Model(t)
	owner, ownerAddress := model.Role(t)
	model.Owner(t, owner)
	user, userAddress := model.Role(t)
	prepare := testkit.Pool(t, ownerAddress)
	for _, statement := range []string{
		"CREATE SCHEMA s", "CREATE TABLE s.t (n int)", "INSERT INTO s.t VALUES (7)",
		"GRANT USAGE ON SCHEMA s TO " + user, "GRANT SELECT ON s.t TO " + user,
		"GRANT CREATE ON DATABASE " + model.Name + " TO " + user,
	} {
		if _, err := prepare.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	prepare.Close()
	a, b := model.Copy(t), model.Copy(t)
	asUser := testkit.Pool(t, a.Address(t, userAddress))
	var n int
	if err := asUser.QueryRow(t.Context(), "SELECT n FROM s.t").Scan(&n); err != nil || n != 7 {
		t.Errorf("the copy holds %d, %v", n, err)
	}
	if _, err := asUser.Exec(t.Context(), "CREATE SCHEMA mine"); err != nil {
		t.Errorf("a right to the database was not copied: %v", err)
	}
	if _, err := asUser.Exec(t.Context(), "DELETE FROM s.t"); err == nil {
		t.Error("the user may do in the copy what it may not do in the model")
	}
	if _, err := testkit.Pool(t, a.Address(t, ownerAddress)).Exec(t.Context(), "DROP TABLE s.t"); err != nil {
		t.Errorf("the owner of the model does not own the copy: %v", err)
	}
	if err := testkit.Pool(t, b.Address(t, userAddress)).QueryRow(t.Context(), "SELECT n FROM s.t").Scan(&n); err != nil {
		t.Errorf("what happened in one copy shows in another: %v", err)
	}
}
