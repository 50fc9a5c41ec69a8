CREATE TABLE accounts (
    account   text PRIMARY KEY,
    person_id text NOT NULL,
    kind      text NOT NULL,
    state     text NOT NULL,
    roles     text[] NOT NULL
);
CREATE INDEX accounts_person_id ON accounts (person_id);
