CREATE TABLE sources (
    source      text COLLATE "C" PRIMARY KEY,
    last        bigint NOT NULL DEFAULT 0,
    last_at     timestamptz,
    gap         bigint NOT NULL DEFAULT 0,
    gap_at      timestamptz
);

CREATE TABLE quarantine (
    position   bigint PRIMARY KEY,
    source     text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    sequence   bigint NOT NULL,
    subject    text NOT NULL,
    verb       text NOT NULL,
    reason     text NOT NULL,
    message    text NOT NULL,
    message_zh text NOT NULL,
    taken      boolean NOT NULL, -- what was sent was taken before and can be done again
    at         timestamptz NOT NULL
);
CREATE INDEX ON quarantine (source, event_id);
