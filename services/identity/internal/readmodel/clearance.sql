CREATE TABLE cases (
    case_id         text PRIMARY KEY,
    employee_number text NOT NULL,
    kind            text NOT NULL,
    state           text NOT NULL DEFAULT 'open',
    gate            text NOT NULL DEFAULT 'blocked',
    opened          bigint NOT NULL
);
CREATE INDEX cases_employee ON cases (employee_number, opened);
CREATE TABLE items (
    case_id text NOT NULL,
    nr      integer NOT NULL,
    item    text NOT NULL,
    state   text NOT NULL DEFAULT 'open',
    reason  text NOT NULL DEFAULT '',
    actor   text NOT NULL DEFAULT '',
    at      timestamptz,
    PRIMARY KEY (case_id, item)
);
