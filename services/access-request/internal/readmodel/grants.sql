-- Who holds what, and who works where: projection "grants", schema rm_grants.

-- One row a grant, with what is known of each of its four facts: when it holds
-- (…_at), when it was recorded (…_recorded) and where (…_position).
CREATE TABLE grants (
    grant_id text PRIMARY KEY,
    person_id text NOT NULL,
    employee_number text NOT NULL,
    account text NOT NULL,
    application text NOT NULL,
    role text NOT NULL,
    kind text NOT NULL,
    target text NOT NULL,
    state text NOT NULL,
    -- The end as it is now, and as it was when the grant was issued.
    valid_until timestamptz,
    first_until timestamptz,
    issued_at timestamptz NOT NULL,
    issued_recorded timestamptz NOT NULL,
    issued_position bigint NOT NULL,
    activated_at timestamptz,
    activated_recorded timestamptz,
    activated_position bigint,
    revoked_at timestamptz,
    revoked_recorded timestamptz,
    revoked_position bigint,
    removed_at timestamptz,
    removed_recorded timestamptz,
    removed_position bigint,
    -- The last event of a suspension, if there was one: suspended, confirmed,
    -- reinstated or active again.
    suspension_position bigint
);

-- Lists are in the order of application, role, employee number and grant.
CREATE INDEX grants_person ON grants (employee_number, application, role, grant_id);
CREATE INDEX grants_role ON grants (application, role, employee_number, grant_id);
CREATE INDEX grants_held_person ON grants (employee_number, application, role, grant_id) WHERE state <> 'removed';
CREATE INDEX grants_held_role ON grants (application, role, employee_number, grant_id) WHERE state <> 'removed';

-- Every later end of a grant, so that an earlier one is found as it was known.
CREATE TABLE renewals (
    grant_id text NOT NULL,
    position bigint NOT NULL,
    recorded timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    PRIMARY KEY (grant_id, position)
);

-- Every suspension of a grant, with what is known of each of its four facts:
-- suspended (began_…), gone from the target (gone_…), reinstated (lifted_…) and
-- there again (back_…).
CREATE TABLE suspensions (
    grant_id text NOT NULL,
    began_at timestamptz NOT NULL,
    began_recorded timestamptz NOT NULL,
    began_position bigint NOT NULL,
    gone_at timestamptz,
    gone_recorded timestamptz,
    gone_position bigint,
    lifted_at timestamptz,
    lifted_recorded timestamptz,
    lifted_position bigint,
    back_at timestamptz,
    back_recorded timestamptz,
    back_position bigint,
    PRIMARY KEY (grant_id, began_position)
);

-- The post of everybody of whom identity has spoken.
CREATE TABLE posts (
    person_id text PRIMARY KEY,
    employee_number text NOT NULL,
    employed boolean NOT NULL,
    position text NOT NULL,
    unit jsonb NOT NULL,
    attributes jsonb NOT NULL,
    kind text NOT NULL
);
