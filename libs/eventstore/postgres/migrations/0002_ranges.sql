-- Adds ranges until positions up to the given one have a table. A table is
-- attached, not made as a partition, because attaching lets appends and reads
-- go on.
--
-- It also writes es.tail anew: a look for the last position through the
-- parent would lock and probe every range, so tail names the newest two.
CREATE FUNCTION es.extend(through bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	newest es.range;
	child  text;
	older  text;
BEGIN
	PERFORM pg_advisory_xact_lock(7309384756102938402);
	LOOP
		SELECT * INTO newest FROM es.range ORDER BY number DESC LIMIT 1;
		EXIT WHEN newest.upper >= through;
		older := format('event_%s', newest.number);
		newest := (newest.number + 1, newest.upper + 1, newest.upper + 1 + newest.upper - newest.lower);
		child := format('event_%s', newest.number);
		EXECUTE format('CREATE TABLE es.%I (LIKE es.event INCLUDING ALL, UNIQUE (stream, version))', child);
		EXECUTE format('ALTER TABLE es.event ATTACH PARTITION es.%I FOR VALUES FROM (%s) TO (%s)',
			child, newest.lower, newest.upper + 1);
		EXECUTE format('CREATE TRIGGER kept BEFORE TRUNCATE ON es.%I FOR EACH STATEMENT EXECUTE FUNCTION es.refuse()', child);
		INSERT INTO es.range SELECT newest.*;
		EXECUTE format($f$
			CREATE OR REPLACE FUNCTION es.tail(OUT last bigint, OUT upper bigint, OUT half bigint) LANGUAGE plpgsql AS $t$
			BEGIN
				upper := %s;
				half := %s;
				SELECT position INTO last FROM es.%I ORDER BY position DESC LIMIT 1;
				IF last IS NULL THEN
					SELECT position INTO last FROM es.%I ORDER BY position DESC LIMIT 1;
				END IF;
				IF last IS NULL THEN -- ranges were made far ahead
					SELECT max(position) INTO last FROM es.event;
				END IF;
				last := coalesce(last, 0);
			END $t$ $f$, newest.upper, newest.upper - (newest.upper - newest.lower) / 2,
			child, CASE WHEN newest.number = 1 THEN child ELSE older END);
	END LOOP;
END $$;

-- Makes the next range when the newest is half full. The appender calls it
-- beside its appends; should it never come to that, append does it inline.
CREATE FUNCTION es.prepare() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	now_at record;
BEGIN
	SELECT * INTO now_at FROM es.tail();
	IF now_at.last >= now_at.half THEN
		PERFORM es.extend(now_at.upper + 1);
	END IF;
END $$;

CREATE FUNCTION es.head() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN (SELECT last FROM es.tail());
END $$;
