-- +goose Up
CREATE SCHEMA access_request;

-- The last short number of each year. A number that was taken and not used
-- leaves a hole, which means nothing.
CREATE TABLE access_request.number (
  year integer PRIMARY KEY,
  last bigint NOT NULL
);

-- +goose StatementBegin
DO $$
DECLARE role text := current_setting('ostiary.service_role');
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA access_request TO %I', role);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON access_request.number TO %I', role);
END $$;
-- +goose StatementEnd
