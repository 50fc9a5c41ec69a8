CREATE TABLE people (
    employee_number text PRIMARY KEY,
    person_id       text NOT NULL,
    source          text NOT NULL,
    kind            text NOT NULL,
    state           text NOT NULL,
    unit            text[] NOT NULL,
    position        text NOT NULL,
    supervisor      text NOT NULL,
    attributes      jsonb NOT NULL,
    -- Encoded messages; the personal fields inside are sealed.
    details         bytea NOT NULL,
    post            bytea NOT NULL,
    post_kind       text NOT NULL,
    start_plan      bytea,
    change_plan     bytea,
    ends_at         timestamptz,
    end_reason      text NOT NULL,
    employed        boolean NOT NULL
);
CREATE INDEX people_person_id ON people (person_id);
CREATE INDEX people_source ON people (source);
CREATE INDEX people_unit ON people (unit);
