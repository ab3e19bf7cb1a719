-- +goose Up
-- Bundles are for the whole installation: nothing here is a tenant's or a home's.
CREATE TABLE rollout_turn (
    id BIGINT NOT NULL PRIMARY KEY, -- 1
    turn BIGINT NOT NULL -- counted up by every writer, who so waits for the one before
);
INSERT INTO rollout_turn (id, turn) VALUES (1, 0);

CREATE TABLE rollout_file (
    path TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    made BIGINT NOT NULL
);

CREATE TABLE rollout_chunk (
    path TEXT NOT NULL,
    part BIGINT NOT NULL, -- from 0; each but the last has 128 KiB
    data BYTEA NOT NULL,
    PRIMARY KEY (path, part)
);

CREATE TABLE rollout_role (
    role TEXT NOT NULL PRIMARY KEY, -- root, targets, snapshot, timestamp
    version BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    data BYTEA NOT NULL
);

CREATE TABLE rollout_bundle (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    made BIGINT NOT NULL,
    text_hash TEXT NOT NULL, -- SHA-256 of the text
    text_size BIGINT NOT NULL,
    whole_path TEXT NOT NULL, -- "" when it is not kept any more
    whole_hash TEXT NOT NULL,
    whole_size BIGINT NOT NULL,
    delta_path TEXT NOT NULL, -- from the version before; "" when there is none
    delta_hash TEXT NOT NULL,
    delta_size BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);

-- +goose Down
DROP TABLE rollout_bundle;
DROP TABLE rollout_role;
DROP TABLE rollout_chunk;
DROP TABLE rollout_file;
DROP TABLE rollout_turn;
