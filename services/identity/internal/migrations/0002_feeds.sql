-- +goose Up

-- Events of HR systems that came before their turn, sealed; what is lost here
-- is sent again by its source from the number that is expected next.
CREATE TABLE identity.hr_waiting (
  source      text COLLATE "C" NOT NULL,
  sequence    bigint NOT NULL,
  event_id    text COLLATE "C" NOT NULL,
  delivery    text COLLATE "C" NOT NULL, -- which message of the bus brought it
  subject     text NOT NULL,
  owner       text NOT NULL,
  sealed      text NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (source, sequence, event_id)
);

-- What outside systems are told, each feed numbered without a hole. A number is
-- never given twice: readers keep it.
CREATE TABLE identity.feed_entry (
  feed     text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL,
  service  text COLLATE "C" NOT NULL, -- whose event tells it
  position bigint NOT NULL,
  name     text NOT NULL,             -- for example account.opened
  topic    text NOT NULL,             -- the subject on the bus
  about    text NOT NULL,             -- the subject of the CloudEvent
  data     jsonb NOT NULL,
  at       timestamptz NOT NULL,
  PRIMARY KEY (feed, sequence),
  UNIQUE (feed, service, position)
);

-- +goose StatementBegin
DO $$
DECLARE role text := current_setting('ostiary.service_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON identity.hr_waiting TO %I', role);
  EXECUTE format('GRANT SELECT, INSERT ON identity.feed_entry TO %I', role);
END $$;
-- +goose StatementEnd
