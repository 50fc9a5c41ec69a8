// Package databases gives every service a database of its own in one cluster:
// an owner that may change tables, and a role for the service that may not.
package databases

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Cluster is a PostgreSQL cluster that standalone administers.
type Cluster struct {
	// AdminURL is an administrator's address; only standalone has it.
	AdminURL string
	// SecretFile holds the secret from which the passwords of the roles are
	// derived; it is made when missing.
	SecretFile string
}

// URLs are the addresses of one service's database.
type URLs struct {
	// Service is for the role that appends and reads.
	Service string
	// Owner is for the role that owns the tables.
	Owner string
}

// Ensure makes roles and databases for the services, or leaves those that are
// there; it returns the addresses by service.
func (c Cluster) Ensure(ctx context.Context, services []string) (map[string]URLs, error) {
	secret, err := loadSecret(c.SecretFile)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, c.AdminURL)
	if err != nil {
		return nil, fmt.Errorf("connect as administrator: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	urls := map[string]URLs{}
	for _, service := range services {
		name := "ostiary_" + strings.ReplaceAll(service, "-", "_")
		owner, role := name+"_owner", name
		for _, r := range []string{owner, role} {
			if err := ensureRole(ctx, conn, r, password(secret, r)); err != nil {
				return nil, fmt.Errorf("make role %s: %w", r, err)
			}
		}
		if err := ensureDatabase(ctx, conn, name, owner); err != nil {
			return nil, fmt.Errorf("make database %s: %w", name, err)
		}
		urls[service] = URLs{
			Service: address(c.AdminURL, role, password(secret, role), name),
			Owner:   address(c.AdminURL, owner, password(secret, owner), name),
		}
	}
	return urls, nil
}

// ensureRole makes a role that can do nothing but sign in.
func ensureRole(ctx context.Context, conn *pgx.Conn, role, password string) error {
	const attributes = " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD "
	name := pgx.Identifier{role}.Sanitize()
	_, err := conn.Exec(ctx, "CREATE ROLE "+name+attributes+quote(password))
	if code(err) == "42710" { // it is there
		_, err = conn.Exec(ctx, "ALTER ROLE "+name+attributes+quote(password))
	}
	return err
}

// EnsureLogin makes a role with one attribute beside LOGIN, or sets its
// password anew.
func EnsureLogin(ctx context.Context, conn *pgx.Conn, role, attribute, password string) error {
	name := pgx.Identifier{role}.Sanitize()
	with := " LOGIN NOSUPERUSER NOCREATEDB " + attribute + " PASSWORD " + quote(password)
	_, err := conn.Exec(ctx, "CREATE ROLE "+name+with)
	if code(err) == "42710" { // it is there
		_, err = conn.Exec(ctx, "ALTER ROLE "+name+with)
	}
	return err
}

// EnsureDatabase makes a database, or leaves the one that is there.
func EnsureDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	_, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if code(err) == "42P04" {
		return nil
	}
	return err
}

// ensureDatabase makes a database that only its owner and its service enter.
func ensureDatabase(ctx context.Context, conn *pgx.Conn, name, owner string) error {
	database := pgx.Identifier{name}.Sanitize()
	// An administrator who is no superuser may give a database only to a role
	// that it belongs to.
	var super bool
	if err := conn.QueryRow(ctx, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&super); err != nil {
		return err
	}
	if !super {
		if _, err := conn.Exec(ctx, "GRANT "+pgx.Identifier{owner}.Sanitize()+" TO CURRENT_USER"); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "CREATE DATABASE "+database+" OWNER "+pgx.Identifier{owner}.Sanitize()+" TEMPLATE template0 ENCODING 'UTF8'")
	if err != nil && code(err) != "42P04" { // it is there
		return err
	}
	for _, statement := range []string{
		"REVOKE ALL ON DATABASE " + database + " FROM PUBLIC",
		"GRANT CONNECT, TEMPORARY ON DATABASE " + database + " TO " + pgx.Identifier{name}.Sanitize(),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func code(err error) string {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func address(admin, user, password, database string) string {
	u, err := url.Parse(admin)
	if err != nil {
		return "" // pgx has accepted it, so it parses
	}
	u.User, u.Path = url.UserPassword(user, password), "/"+database
	return u.String()
}

func password(secret []byte, role string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(role))
	return hex.EncodeToString(mac.Sum(nil))
}

func loadSecret(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(b) == 32 {
		return b, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the database secret: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("keep the database secret: %w", err)
	}
	b = make([]byte, 32)
	rand.Read(b)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return nil, fmt.Errorf("keep the database secret: %w", err)
	}
	return b, nil
}
