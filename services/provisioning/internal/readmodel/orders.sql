CREATE TABLE orders (
	order_id        text        NOT NULL PRIMARY KEY,
	position        bigint      NOT NULL,
	stream          text        NOT NULL,
	employee_number text        NOT NULL,
	target          text        NOT NULL,
	account         text        NOT NULL,
	application     text        NOT NULL,
	role            text        NOT NULL,
	operation       text        NOT NULL,
	state           text        NOT NULL,
	reason          text        NOT NULL,
	message         text        NOT NULL,
	ordered_at      timestamptz NOT NULL,
	grant_id        text        NOT NULL,
	correlation_id  text        NOT NULL
);
CREATE INDEX orders_open ON orders (target, position, stream) WHERE state IN ('ordered', 'failing');
CREATE INDEX orders_person ON orders (employee_number, position);
CREATE INDEX orders_correlation ON orders (correlation_id, position);
