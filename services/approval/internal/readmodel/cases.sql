-- Cases and who is concerned: projection "cases", schema rm_cases.

CREATE TABLE cases (
    case_id text PRIMARY KEY,
    number text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    requester_id text NOT NULL,
    beneficiary_id text NOT NULL,
    -- What is asked, encoded: it is shown as it came.
    ask bytea NOT NULL,
    step integer NOT NULL DEFAULT 0,
    -- When the step that waits is late; infinity for never and for what no
    -- longer waits.
    due_at timestamptz NOT NULL DEFAULT 'infinity',
    opened_at timestamptz NOT NULL,
    postponed_until timestamptz
);
CREATE INDEX cases_number ON cases (number);
CREATE INDEX cases_order ON cases (due_at, case_id);
CREATE INDEX cases_requester ON cases (requester_id, due_at, case_id);
CREATE INDEX cases_beneficiary ON cases (beneficiary_id, due_at, case_id);
CREATE INDEX cases_waiting ON cases (case_id) WHERE state = 'open';

-- Seats of the step that waits and who may take them; seat -1 stands for the
-- escalation.
CREATE TABLE seats (
    case_id text NOT NULL,
    seat integer NOT NULL,
    person_id text NOT NULL,
    PRIMARY KEY (case_id, seat, person_id)
);
CREATE INDEX seats_person ON seats (person_id);

-- Who signed which seat of which step. Refusals, returns and postponements
-- fill no seat: seat -1.
CREATE TABLE signed (
    case_id text NOT NULL,
    step integer NOT NULL,
    seat integer NOT NULL,
    person_id text NOT NULL
);
CREATE INDEX signed_case ON signed (case_id);
