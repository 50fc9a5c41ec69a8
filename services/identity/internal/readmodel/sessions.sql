CREATE TABLE sessions (
    session_id text PRIMARY KEY,
    account    text NOT NULL,
    opened     bigint NOT NULL,
    since      timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended      bigint
);
CREATE INDEX sessions_open ON sessions (account) WHERE ended IS NULL;
CREATE INDEX sessions_ended ON sessions (ended) WHERE ended IS NOT NULL;
