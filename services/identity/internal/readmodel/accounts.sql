CREATE TABLE accounts (
    account       text PRIMARY KEY,
    person_id     text NOT NULL,
    kind          text NOT NULL,
    state         text NOT NULL,
    since         timestamptz NOT NULL,
    departed      boolean NOT NULL,
    roles         text[] NOT NULL,
    roles_since   timestamptz,
    provisional   text[] NOT NULL,
    credential_id text NOT NULL,
    must_change   boolean NOT NULL
);
CREATE INDEX accounts_person_id ON accounts (person_id);
