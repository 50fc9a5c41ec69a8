-- The owner's side of the store. The service's role gets EXECUTE on append,
-- append_one, head and prepare, and SELECT; nothing else.

CREATE TABLE es.event (
	position           bigint      NOT NULL,
	stream             text        NOT NULL COLLATE "C",
	version            bigint      NOT NULL CHECK (version > 0),
	event_id           uuid        NOT NULL,
	type               text        NOT NULL COLLATE "C",
	data               bytea       NOT NULL,
	recorded_at        timestamptz NOT NULL,
	effective_at       timestamptz NOT NULL,
	actor              text        NOT NULL COLLATE "C",
	on_behalf_of       text        NOT NULL COLLATE "C",
	correlation_id     text        NOT NULL COLLATE "C",
	causation_service  text        COLLATE "C",
	causation_position bigint,
	command_id         uuid        NOT NULL,
	policy_digest      text        NOT NULL COLLATE "C",
	rule               text        NOT NULL COLLATE "C",
	trace              text        NOT NULL COLLATE "C",
	PRIMARY KEY (position)
) PARTITION BY RANGE (position);

-- The ranges of positions that have a table. A range is made ahead of need.
CREATE TABLE es.range (
	number bigint NOT NULL PRIMARY KEY,
	lower  bigint NOT NULL,
	upper  bigint NOT NULL CHECK (upper >= lower)
);

-- Where a stream stands. Events are unique by stream and version only within
-- a range; across ranges this row decides. It says from where to read, too.
CREATE TABLE es.stream (
	stream  text   NOT NULL COLLATE "C" PRIMARY KEY,
	version bigint NOT NULL,
	first   bigint NOT NULL
) WITH (fillfactor = 80);

-- What a command led to, so that its repetition is harmless.
CREATE TABLE es.command (
	command_id uuid   NOT NULL PRIMARY KEY,
	digest     bytea  NOT NULL,
	first      bigint NOT NULL,
	last       bigint NOT NULL,
	version    bigint NOT NULL
);

-- One event of a batch on its way in.
CREATE TYPE es.input AS (
	n                  int,    -- number in the batch, from 1
	ordinal            int,    -- number of its append in the batch, from 1
	step               int,    -- number within its append, from 0
	steps              int,    -- events of its append
	expected           bigint, -- version on which the append decided
	digest             bytea,
	stream             text,
	event_id           uuid,
	type               text,
	data               bytea,
	effective_at       timestamptz,
	actor              text,
	on_behalf_of       text,
	correlation_id     text,
	causation_service  text,
	causation_position bigint,
	command_id         uuid,
	policy_digest      text,
	rule               text,
	trace              text
);

CREATE FUNCTION es.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RAISE EXCEPTION '% on %.% refused: what happened is never changed', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE ON es.event FOR EACH ROW EXECUTE FUNCTION es.refuse();
CREATE TRIGGER kept BEFORE TRUNCATE ON es.event FOR EACH STATEMENT EXECUTE FUNCTION es.refuse();
CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE ON es.command FOR EACH ROW EXECUTE FUNCTION es.refuse();
CREATE TRIGGER kept BEFORE TRUNCATE ON es.command FOR EACH STATEMENT EXECUTE FUNCTION es.refuse();
CREATE TRIGGER unchanged BEFORE DELETE ON es.stream FOR EACH ROW EXECUTE FUNCTION es.refuse();
CREATE TRIGGER kept BEFORE TRUNCATE ON es.stream FOR EACH STATEMENT EXECUTE FUNCTION es.refuse();
