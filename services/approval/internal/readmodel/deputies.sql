-- Who represents whom: projection "deputies", schema rm_deputies.

CREATE TABLE delegations (
    delegation_id text PRIMARY KEY,
    of_id text NOT NULL,
    of_number text NOT NULL,
    to_id text NOT NULL,
    to_number text NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    reason text NOT NULL
);
CREATE INDEX delegations_of ON delegations (of_id);
CREATE INDEX delegations_to ON delegations (to_id);
CREATE INDEX delegations_until ON delegations (until_at);
