CREATE SCHEMA IF NOT EXISTS messaging;

-- How far each source has been taken in.
CREATE TABLE IF NOT EXISTS messaging.inbox (
    source   text   PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0)
);

-- What could not be processed, and what waits behind it.
CREATE TABLE IF NOT EXISTS messaging.parked (
    source    text        NOT NULL,
    position  bigint      NOT NULL,
    stream    text        NOT NULL,
    type      text        NOT NULL,
    envelope  bytea       NOT NULL,
    error     text        NOT NULL,
    attempts  integer     NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, position)
);
CREATE INDEX IF NOT EXISTS parked_stream ON messaging.parked (source, stream, position);
