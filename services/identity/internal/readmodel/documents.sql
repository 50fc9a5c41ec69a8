CREATE TABLE documents (
    employee_number text PRIMARY KEY,
    -- Keyed hash of the identity number: it finds, and does not tell.
    id_number       bytea NOT NULL
);
CREATE INDEX documents_id_number ON documents (id_number);
