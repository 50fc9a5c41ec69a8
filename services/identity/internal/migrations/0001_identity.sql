-- +goose Up
CREATE SCHEMA identity;

-- Hashes of passwords and client secrets. Events name them by id.
CREATE TABLE identity.credential_secret (
  credential_id text COLLATE "C" PRIMARY KEY,
  hash          text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now()
);

-- SHA-256 of session secrets: whoever reads this table cannot sign in with it.
CREATE TABLE identity.session_secret (
  hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
  session_id text COLLATE "C" NOT NULL UNIQUE
);

-- Packs that policy published, and which of them decides.
CREATE TABLE identity.pack (
  version bigint PRIMARY KEY,
  digest  text  NOT NULL,
  body    bytea NOT NULL,
  active  boolean NOT NULL DEFAULT false
);

-- +goose StatementBegin
DO $$
DECLARE role text := current_setting('ostiary.service_role');
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA identity TO %I', role);
  EXECUTE format('GRANT SELECT, INSERT ON identity.credential_secret, identity.session_secret TO %I', role);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE (active) ON identity.pack TO %I', role);
END $$;
-- +goose StatementEnd
