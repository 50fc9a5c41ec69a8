CREATE TABLE clients (
    name   text PRIMARY KEY,
    feed   text NOT NULL,
    source text NOT NULL,
    since  timestamptz NOT NULL
);
