-- Writes a batch of appends. Whoever holds the lock is alone, so what it reads
-- after taking it cannot change until it commits; each statement of the
-- function sees what was committed before. Positions therefore have no holes
-- and become visible in their order.
--
-- An append is accepted or refused on its own. The first row answers the base
-- of the positions given out (first) and from where on the next range is due
-- (last); a further row each says of a refused or repeated append why: 1 the stream has
-- moved (to version), 2 repeated (with its first result), 3 the command id was
-- used for something else. The others got consecutive positions in the order
-- of the batch.
--
-- A batch holds at most one append of a stream and of a command id.
CREATE FUNCTION es.append(events es.input[], at timestamptz)
RETURNS TABLE (ordinal int, verdict int, first bigint, last bigint, version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	base bigint;
	top  bigint;
	due  bigint;
BEGIN
	PERFORM pg_advisory_xact_lock(7309384756102938401);
	SELECT t.last, t.upper, t.half INTO base, top, due FROM es.tail() t;
	IF base + cardinality(events) > top THEN
		PERFORM es.extend(base + cardinality(events));
	END IF;
	RETURN QUERY
	WITH judged AS MATERIALIZED (
		SELECT i.*, c.first, c.last,
			coalesce(c.version, s.version, 0) AS version,
			CASE
				WHEN c.digest = i.digest THEN 2
				WHEN c.digest IS NOT NULL THEN 3
				WHEN coalesce(s.version, 0) <> i.expected THEN 1
				ELSE 0
			END AS verdict
		FROM unnest(events) i
		LEFT JOIN es.command c ON c.command_id = i.command_id
		LEFT JOIN es.stream s ON s.stream = i.stream
	), won AS MATERIALIZED (
		SELECT *, base + row_number() OVER (ORDER BY n) AS position FROM judged WHERE verdict = 0
	), written AS (
		INSERT INTO es.event
		SELECT position, stream, expected + step + 1, event_id, type, data, at, coalesce(effective_at, at),
			actor, on_behalf_of, correlation_id, causation_service, causation_position, command_id, policy_digest, rule, trace
		FROM won
	), claimed AS (
		INSERT INTO es.command
		SELECT command_id, digest, position, position + steps - 1, expected + steps FROM won WHERE step = 0
	), opened AS (
		INSERT INTO es.stream
		SELECT stream, expected + steps, position FROM won WHERE step = 0 AND expected = 0
	), moved AS (
		UPDATE es.stream s SET version = w.expected + w.steps
		FROM won w WHERE w.step = 0 AND w.expected > 0 AND s.stream = w.stream
	)
	SELECT 0, 0, base, due, 0::bigint
	UNION ALL
	SELECT ordinal, verdict, coalesce(first, 0), coalesce(last, 0), version FROM judged WHERE step = 0 AND verdict > 0;
END $$;

-- The same for one append of one event, with less to set up.
CREATE FUNCTION es.append_one(e es.input, at timestamptz)
RETURNS TABLE (ordinal int, verdict int, first bigint, last bigint, version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	base  bigint;
	top   bigint;
	due   bigint;
	known es.command;
BEGIN
	PERFORM pg_advisory_xact_lock(7309384756102938401);
	SELECT * INTO known FROM es.command WHERE command_id = e.command_id;
	IF FOUND THEN
		RETURN QUERY VALUES (0, 0, 0::bigint, 9223372036854775807, 0::bigint),
			(1, CASE WHEN known.digest = e.digest THEN 2 ELSE 3 END, known.first, known.last, known.version);
		RETURN;
	END IF;
	SELECT t.last, t.upper, t.half INTO base, top, due FROM es.tail() t;
	IF base + 1 > top THEN
		PERFORM es.extend(base + 1);
	END IF;
	IF e.expected = 0 THEN
		INSERT INTO es.stream VALUES (e.stream, 1, base + 1) ON CONFLICT DO NOTHING;
	ELSE
		UPDATE es.stream SET version = e.expected + 1 WHERE stream = e.stream AND version = e.expected;
	END IF;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 0, 0, base, due, 0::bigint
			UNION ALL SELECT 1, 1, 0, 0, coalesce((SELECT s.version FROM es.stream s WHERE s.stream = e.stream), 0);
		RETURN;
	END IF;
	INSERT INTO es.command VALUES (e.command_id, e.digest, base + 1, base + 1, e.expected + 1);
	INSERT INTO es.event VALUES (base + 1, e.stream, e.expected + 1, e.event_id, e.type, e.data, at, coalesce(e.effective_at, at),
		e.actor, e.on_behalf_of, e.correlation_id, e.causation_service, e.causation_position, e.command_id, e.policy_digest, e.rule, e.trace);
	ordinal := 0; verdict := 0; first := base; last := due; version := 0;
	RETURN NEXT;
END $$;
