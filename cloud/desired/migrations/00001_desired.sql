-- +goose Up
CREATE TABLE desired_home (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    version BIGINT NOT NULL, -- rises with each change
    PRIMARY KEY (tenant, home)
);

CREATE TABLE desired_order (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    id       TEXT   NOT NULL, -- UUIDv7
    idem     TEXT   NOT NULL, -- what must not happen twice has the same
    verb     TEXT   NOT NULL,
    device   TEXT   NOT NULL,
    incident TEXT   NOT NULL,
    endpoint TEXT   NOT NULL,
    by_role  TEXT   NOT NULL, -- owner, support
    who      TEXT   NOT NULL,
    why      TEXT   NOT NULL,
    asked    BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    status   TEXT   NOT NULL, -- asked, in_force, failed, expired
    done     BIGINT NOT NULL, -- 0: not yet
    reason   TEXT   NOT NULL, -- why it failed
    answer   BYTEA,           -- pb.Check
    PRIMARY KEY (tenant, home, id),
    UNIQUE (tenant, home, idem)
);
CREATE INDEX desired_order_status ON desired_order (status, expires);

-- +goose Down
DROP TABLE desired_order;
DROP TABLE desired_home;
