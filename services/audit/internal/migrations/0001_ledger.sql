-- +goose Up
CREATE SCHEMA ledger;

-- One row an event of any service. leaf is its RFC 6962 hash; chain binds the
-- row to all rows before it.
CREATE TABLE ledger.entry (
  seq      bigint PRIMARY KEY,
  service  text   COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  leaf     bytea  NOT NULL CHECK (octet_length(leaf) = 32),
  chain    bytea  NOT NULL CHECK (octet_length(chain) = 32),
  UNIQUE (service, position)
);

-- Signed roots, one a size.
CREATE TABLE ledger.checkpoint (
  size bigint PRIMARY KEY,
  note text NOT NULL
);

-- Where to look for a stream or a person; derived from the entries.
CREATE TABLE ledger.place (
  seq       bigint PRIMARY KEY REFERENCES ledger.entry (seq),
  stream    text COLLATE "C" NOT NULL,
  person_id text COLLATE "C" NOT NULL
);
CREATE INDEX ON ledger.place (stream, seq);
CREATE INDEX ON ledger.place (person_id, seq) WHERE person_id <> '';

-- Which person an employee number means.
CREATE TABLE ledger.person (
  employee_number text COLLATE "C" PRIMARY KEY,
  person_id       text COLLATE "C" NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- +goose StatementEnd

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.entry FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.entry FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.checkpoint FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON ledger.checkpoint FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

-- +goose StatementBegin
DO $$
DECLARE role text := current_setting('ostiary.service_role');
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA ledger TO %I', role);
  EXECUTE format('GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ledger TO %I', role);
END $$;
-- +goose StatementEnd
