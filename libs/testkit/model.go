package testkit

import "testing"

// Model makes an empty database to be prepared once and copied often. It and
// its roles last as long as the server of this test binary; on a server named
// by TESTKIT_DATABASE_URL they remain.
func Model(t testing.TB) *Database {
	t.Helper()
	c := sharedCluster(t)
	d := c.database(t, unique("model"))
	c.run(t, "CREATE DATABASE "+d.Name)
	return d
}

// Copy makes a database for t with everything that d holds: its objects and
// rows, its owner and who may do what in it. It takes a fraction of the time
// that making the objects takes. Nobody may be connected to d meanwhile.
func (d *Database) Copy(t testing.TB) *Database {
	t.Helper()
	c := d.cluster.database(t, unique("test"))
	for _, statement := range d.cluster.texts(t, copying, d.Name, c.Name) {
		d.cluster.run(t, statement)
	}
	d.cluster.dropAfter(t, c)
	return c
}

// copying is what makes the second database a copy of the first. PostgreSQL
// copies the rights to all objects, but not those to the database itself.
const copying = `
	SELECT format('CREATE DATABASE %I TEMPLATE %I OWNER %I', $2::text, datname, pg_get_userbyid(datdba))
	FROM pg_database WHERE datname = $1
	UNION ALL
	SELECT format('GRANT %s ON DATABASE %I TO %I', privilege_type, $2::text, pg_get_userbyid(grantee))
	FROM pg_database, aclexplode(datacl) WHERE datname = $1 AND grantee NOT IN (0, datdba)`

// Owner gives the database to a role.
func (d *Database) Owner(t testing.TB, role string) {
	t.Helper()
	d.cluster.run(t, "ALTER DATABASE "+d.Name+" OWNER TO "+role)
}

// Address changes the address of another database, so that the same role signs
// in to this one.
func (d *Database) Address(t testing.TB, other string) string {
	t.Helper()
	u := parse(t, other)
	u.Path = "/" + d.Name
	return u.String()
}
