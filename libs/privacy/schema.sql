SELECT pg_advisory_xact_lock(hashtext('ostiary.privacy.migrate'));

CREATE SCHEMA IF NOT EXISTS privacy;

CREATE TABLE IF NOT EXISTS privacy.person_key (
    person_id  text        COLLATE "C" PRIMARY KEY CHECK (person_id <> ''),
    wrapped    bytea,
    kek_id     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    erased_at  timestamptz,
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
);

-- An erased key does not come back, and no row is ever deleted: a person
-- without a row would be given a new key.
CREATE OR REPLACE FUNCTION privacy.keep_erased() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'privacy.person_key: erased keys stay erased, and rows are never deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE OR REPLACE TRIGGER keep_erased BEFORE UPDATE ON privacy.person_key
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION privacy.keep_erased();

CREATE OR REPLACE TRIGGER keep_rows BEFORE DELETE ON privacy.person_key
    FOR EACH ROW EXECUTE FUNCTION privacy.keep_erased();

CREATE OR REPLACE TRIGGER keep_table BEFORE TRUNCATE ON privacy.person_key
    FOR EACH STATEMENT EXECUTE FUNCTION privacy.keep_erased();
