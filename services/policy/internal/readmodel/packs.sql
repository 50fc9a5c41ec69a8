-- The versions of the pack and who has taken them in: projection "packs",
-- schema rm_packs.

CREATE TABLE packs (
    version bigint PRIMARY KEY,
    digest text NOT NULL,
    effective_at timestamptz NOT NULL, -- as the pack states it
    body bytea NOT NULL,
    published_position bigint NOT NULL,
    active_from timestamptz, -- from when it holds, once it was activated
    activated_position bigint
);

CREATE TABLE subscribers (
    version bigint NOT NULL,
    service text NOT NULL,
    acknowledged boolean NOT NULL,
    PRIMARY KEY (version, service)
);
