-- What was asked for: projection "requests", schema rm_requests.

CREATE TABLE requests (
    request_id text PRIMARY KEY,
    number text NOT NULL UNIQUE,
    person_id text NOT NULL,
    employee_number text NOT NULL,
    requester_id text NOT NULL,
    requester_number text NOT NULL,
    application text NOT NULL,
    role text NOT NULL,
    reason text NOT NULL,
    valid_from timestamptz,
    valid_until timestamptz NOT NULL,
    renews text NOT NULL,
    state text NOT NULL,
    -- Why it came to nothing, or what is missing.
    outcome text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    postponed_until timestamptz,
    begins_at timestamptz,
    case_id text NOT NULL DEFAULT '',
    grant_id text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX requests_person ON requests (person_id, position DESC);
CREATE INDEX requests_requester ON requests (requester_id, position DESC);
CREATE INDEX requests_open ON requests (position DESC) WHERE state IN ('pending', 'postponed');
