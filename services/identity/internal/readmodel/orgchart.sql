CREATE TABLE units (
    path      text[] PRIMARY KEY,
    unit_id   text NOT NULL,
    parent_id text NOT NULL,
    name      text NOT NULL,
    head      text NOT NULL DEFAULT '' -- employee number, by HR's word
);
