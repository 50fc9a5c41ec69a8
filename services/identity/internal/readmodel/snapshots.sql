CREATE TABLE snapshots (
    snapshot_id text PRIMARY KEY,
    source      text NOT NULL,
    digest      text NOT NULL,
    state       text NOT NULL,
    joiners     integer NOT NULL DEFAULT 0,
    movers      integer NOT NULL DEFAULT 0,
    leavers     integer NOT NULL DEFAULT 0,
    accepted    bigint
);
CREATE INDEX snapshots_source ON snapshots (source, state);
