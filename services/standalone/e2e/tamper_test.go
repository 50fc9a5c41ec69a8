package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Whatever a superuser changes behind the store, in a service's events or in
// the ledger, is named by service and position; once it is put back, history is
// intact again.
//
// Covers: AUD-006, AUD-018
func TestChangesBehindTheStoreAreNamed(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "root")
	i := install(t, "AUDIT_ROOT_FILE="+root)
	i.do("policy", "apply", i.write("pack.yaml", ordersPack))
	i.do("hr", "import", i.write("people.csv", peopleHeader+
		"E1,某人,e1@example.com,backend-engineer,总部,,,P2\nE2,某人,e2@example.com,backend-engineer,总部,,,\n"),
		"--map", i.write("map.yaml", peopleMap), "--wait", "60s")
	i.do("audit", "verify")

	const events = "UPDATE es.event SET %s WHERE position = 5"
	changes := map[string]string{}
	for column, value := range map[string]string{
		"data": "set_byte(data, 0, get_byte(data, 0) # 1)", "stream": "stream || 'x'", "version": "version + 1000", "event_id": "gen_random_uuid()",
		"type": "type || 'x'", "recorded_at": "recorded_at + interval '1 microsecond'", "effective_at": "effective_at + interval '1 microsecond'",
		"actor": "actor || 'x'", "on_behalf_of": "on_behalf_of || 'x'", "correlation_id": "correlation_id || 'x'",
		"causation_position": "coalesce(causation_position, 0) + 1, causation_service = coalesce(causation_service, 'x')",
		"causation_service":  "coalesce(causation_service, '') || 'x', causation_position = coalesce(causation_position, 1)",
		"command_id":         "gen_random_uuid()", "policy_digest": "policy_digest || 'x'", "rule": "rule || 'x'", "trace": "trace || 'x'",
	} {
		changes["column "+column] = fmt.Sprintf(events, column+" = "+value)
	}
	changes["a row removed"] = "DELETE FROM es.event WHERE position = 5"
	changes["two rows swapped"] = `UPDATE es.event SET data = CASE position WHEN 5 THEN (SELECT data FROM es.event WHERE position = 6)
		ELSE (SELECT data FROM es.event WHERE position = 5) END WHERE position IN (5, 6)`
	changes["positions exchanged"] = `CREATE TEMPORARY TABLE two AS SELECT * FROM es.event WHERE position IN (5, 6);
		DELETE FROM es.event WHERE position IN (5, 6); UPDATE two SET position = 11 - position;
		INSERT INTO es.event SELECT * FROM two`
	for name, change := range changes {
		i.tampered(t, "access-request", name, "es.event", "position", change, func() {
			if name == "a row removed" {
				i.goneFromHistory()
			}
		})
	}

	entry := "service = 'access-request' AND position = 5"
	for name, change := range map[string]string{
		"ledger: leaf":     "UPDATE ledger.entry SET leaf = set_byte(leaf, 3, get_byte(leaf, 3) # 1) WHERE " + entry,
		"ledger: chain":    "UPDATE ledger.entry SET chain = set_byte(chain, 3, get_byte(chain, 3) # 1) WHERE " + entry,
		"ledger: service":  "UPDATE ledger.entry SET service = 'access-requesx' WHERE " + entry,
		"ledger: position": "UPDATE ledger.entry SET position = position + 100000 WHERE " + entry,
		"ledger: removed":  "DELETE FROM ledger.entry WHERE " + entry,
		"ledger: sequence": "UPDATE ledger.entry SET seq = 0 WHERE " + entry,
		"ledger: two entries exchanged": `CREATE TEMPORARY TABLE two AS SELECT * FROM ledger.entry WHERE service = 'access-request' AND position IN (5, 6);
			DELETE FROM ledger.entry WHERE seq IN (SELECT seq FROM two);
			UPDATE two a SET seq = b.seq FROM (SELECT * FROM two) b WHERE b.position = 11 - a.position;
			INSERT INTO ledger.entry SELECT * FROM two`,
	} {
		i.tampered(t, "audit", name, "ledger.entry", "seq", change, func() {})
	}
	place := "seq = (SELECT seq FROM ledger.entry WHERE " + entry + ")"
	for name, change := range map[string]string{
		"ledger: stream of a place": "UPDATE ledger.place SET stream = stream || 'x' WHERE " + place,
		"ledger: person of a place": "UPDATE ledger.place SET person_id = person_id || 'x' WHERE " + place,
		"ledger: place removed":     "DELETE FROM ledger.place WHERE " + place,
	} {
		i.tampered(t, "audit", name, "ledger.place", "seq", change, func() {})
	}
	i.do("audit", "verify")
	if _, err := os.Stat(root); err != nil {
		t.Errorf("the root is not where the setting says: %v", err)
	}
	i.cutWhileDown(t)
}

// cutWhileDown takes the end of the ledger away while nothing runs, together
// with the roots over it that lie in the database. The next start must not sign
// what is left.
func (i *installation) cutWhileDown(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	i.do("audit", "checkpoint")
	i.kill()
	conn := i.superuser("ostiary_audit")
	defer func() { _ = conn.Close(ctx) }()
	change := func(statements string) {
		t.Helper()
		if _, err := conn.Exec(ctx, statements); err != nil {
			t.Fatal(err)
		}
	}
	change(`SET session_replication_role = replica;
		CREATE TEMPORARY TABLE entries AS SELECT * FROM ledger.entry WHERE seq > (SELECT max(seq) - 3 FROM ledger.entry);
		CREATE TEMPORARY TABLE roots AS SELECT * FROM ledger.checkpoint WHERE size >= (SELECT min(seq) FROM entries);
		DELETE FROM ledger.entry WHERE seq IN (SELECT seq FROM entries);
		DELETE FROM ledger.checkpoint WHERE size IN (SELECT size FROM roots)`)
	if err := i.launch(); err != nil {
		t.Fatal(err)
	}
	i.awaitCause("audit: SERVICE_HELD_UP", 60*time.Second)
	r := i.call(nil, "audit", "verify", "--json")
	for deadline := time.Now().Add(60 * time.Second); r.code == 5 && time.Now().Before(deadline); pause() {
		r = i.call(nil, "audit", "verify", "--json") // identity has not looked yet
	}
	if r.code != 3 || !strings.Contains(r.out, "LEDGER_ENTRY_MISSING") || !strings.Contains(r.out, "were signed and are gone") {
		t.Errorf("the end of the ledger is cut: exit %d, want 3 and LEDGER_ENTRY_MISSING\n%s%s", r.code, r.out, r.err)
	}
	if status := i.call(nil, "status", "--json"); !strings.Contains(status.out, "LEDGER_DAMAGED") {
		t.Errorf("status does not say what is wrong: %s", status.out)
	}
	change("INSERT INTO ledger.entry SELECT * FROM entries; INSERT INTO ledger.checkpoint SELECT * FROM roots")
	_ = conn.Close(ctx)
	i.stop()
	i.start()
	i.do("audit", "verify")
}

// awaitCause polls /readyz until it is red and names the cause.
func (i *installation) awaitCause(cause string, limit time.Duration) {
	i.t.Helper()
	var body string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); pause() {
		r, err := http.Get(i.health + "/readyz")
		if err != nil {
			continue
		}
		b, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if body = string(b); r.StatusCode == http.StatusServiceUnavailable && strings.Contains(body, cause) {
			return
		}
	}
	i.t.Fatalf("readiness never named %s: %s\n%s", cause, body, i.output)
}

// tampered carries a change out as superuser, expects verify to name
// access-request=5, looks closer, and puts the table back.
func (i *installation) tampered(t *testing.T, service, name, table, key, change string, closer func()) {
	t.Helper()
	ctx := context.Background()
	conn := i.superuser("ostiary_" + strings.ReplaceAll(service, "-", "_"))
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{
		"SET session_replication_role = replica",
		"CREATE TEMPORARY TABLE before AS SELECT * FROM " + table,
		change,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	r := i.call(nil, "audit", "verify", "--json")
	if r.code != 3 || !strings.Contains(r.out, `"position":"5"`) || !strings.Contains(r.out, `"service":"access-request"`) {
		t.Errorf("%s: exit %d, want 3 and access-request=5\n%s%s", name, r.code, r.out, r.err)
	}
	closer()
	for _, statement := range []string{
		// What the verification itself added meanwhile stays.
		"DELETE FROM " + table + " WHERE " + key + " = 0 OR " + key + " IN (SELECT " + key + " FROM before)",
		"INSERT INTO " + table + " SELECT * FROM before",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: put back: %v", name, err)
		}
	}
}

// goneFromHistory expects that history shows a hole where an event was.
func (i *installation) goneFromHistory() {
	i.t.Helper()
	for _, person := range []string{"E1", "E2"} {
		for _, line := range i.lines("history", "--person", person) {
			if line["service"] == "access-request" && line["position"] == "5" {
				if line["type"] != "Gone" {
					i.t.Errorf("the removed event is shown as %v", line)
				}
				return
			}
		}
	}
	i.t.Error("history is silently shorter by the event that was removed")
}

// superuser connects to a database of the event stores as no service can.
func (i *installation) superuser(database string) *pgx.Conn {
	i.t.Helper()
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(i.home, "pg", name))
		if err != nil {
			i.t.Fatal(err)
		}
		return strings.TrimSpace(string(b))
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", read("password")), Host: "127.0.0.1:" + read("port"), Path: "/" + database}
	conn, err := pgx.Connect(context.Background(), u.String())
	if err != nil {
		i.t.Fatal(err)
	}
	return conn
}
