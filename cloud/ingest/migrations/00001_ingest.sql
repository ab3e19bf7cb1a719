-- +goose Up
CREATE TABLE ingest_sequence (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    gateway  TEXT   NOT NULL,
    epoch    BIGINT NOT NULL,
    sequence BIGINT NOT NULL, -- the highest that is stored
    missing  BIGINT NOT NULL, -- numbers that never came: the gateway's spool had to drop them
    seen     BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, gateway, epoch)
);

CREATE TABLE ingest_dead (
    tenant     TEXT   NOT NULL,
    home       TEXT   NOT NULL,
    id         TEXT   NOT NULL, -- a hash of what came: the same again is the same row
    gateway    TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    data       BYTEA  NOT NULL, -- its beginning
    size       BIGINT NOT NULL,
    count      BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, id)
);

-- Of the installation, not of a home: who works on which partition.
CREATE TABLE ingest_lease (
    part   BIGINT NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL, -- "" when given back
    token  BIGINT NOT NULL  -- rises with each change of hands: the fence
);

CREATE TABLE ingest_worker (
    name TEXT   NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL -- rises while it lives
);

-- +goose Down
DROP TABLE ingest_worker;
DROP TABLE ingest_lease;
DROP TABLE ingest_dead;
DROP TABLE ingest_sequence;
